/**
 * What a page and Node both run, through the public surface of the built package: each case returns plain
 * data. Data are made by arithmetic that every engine rounds alike.
 */
import { compile, model, ModelError } from 'credence';
import { DiscreteUniform, Normal, Uniform } from 'credence/distributions';

/** Messages that each worker of the page has sent: one that could not be loaded sends none. */
const sent = [];
if (globalThis.Worker !== undefined) {
  globalThis.Worker = class extends Worker {
    constructor(...options) {
      super(...options);
      const place = sent.push(0) - 1;
      this.addEventListener('message', () => {
        sent[place]++;
      });
    }
  };
}

const mixture = model`
  data y: real[N]
  sample share ~ Beta(2, 2)
  sample m ~ iid(Normal(0, ${10}), 2)
  sample s ~ InverseGamma(2, 2)
  for n in 0..<N {
    sample z[n] ~ Bernoulli(share)
    observe y[n] ~ Normal(z[n] ? m[1] : m[0], sqrt(s))
  }
`;
const line = compile(
  `
  data x: real[N]
  data y: real[N]
  sample w ~ MvNormal(zeros(2), 100 * eye(2))
  for n in 0..<N { observe y[n] ~ Normal(w[0] + w[1] * x[n], 0.5) }
`,
  'line.cred',
);

const x = Array.from({ length: 40 }, (_, n) => n / 20 - 1);
const lineData = { x, y: x.map((v, n) => 1 + 2 * v + ((n * 37) % 101) / 100 - 0.5) };
const mixtureData = (count) => ({ y: Array.from({ length: count }, (_, n) => ((n * 37) % 101) / 50 - 1 + (n % 3 === 0 ? 4 : 0)) });

/** Long enough for threads: the rule counts seconds. */
function chains(options) {
  return mixture.infer(mixtureData(5000), {
    backend: 'gibbs',
    chains: 2,
    draws: 1200,
    warmup: 300,
    workers: 2,
    seed: 'page',
    keep: ['share', 'm', 's'],
    ...options,
  });
}

const listed = (posterior) => Object.fromEntries(['share', 'm', 's'].map((name) => [name, [...posterior.draws(name)]]));

export const cases = {
  /** Chains on threads. */
  async gibbs() {
    let heard = 0;
    const posterior = await chains({
      onProgress: () => {
        heard++;
      },
    });
    return { draws: listed(posterior), converged: posterior.converged, warnings: posterior.warnings.map(({ code }) => code), heard };
  },

  /** The other backends, on the calling thread. */
  async others() {
    const cavi = await line.infer(lineData, { backend: 'cavi', seed: 1 });
    const exact = await line.infer(lineData, { backend: 'exact', seed: 1, draws: 100 });
    const map = await line.infer(lineData, { backend: 'map', seed: 1 });
    return {
      cavi: cavi.mean('w'),
      elbo: cavi.elbo,
      exact: exact.mean('w'),
      logEvidence: exact.logEvidence,
      map: map.mean('w'),
      density: Normal(170, 8).logProb(180),
    };
  },

  /** Draws that are whole numbers, or sums of such: alike to the last bit. */
  integers() {
    return { whole: DiscreteUniform(0, 1e9).sample('words', 500), uniform: Uniform(0, 1).sample('words', 500) };
  },

  async surface() {
    const posterior = await line.infer(lineData, { backend: 'gibbs', chains: 2, draws: 50, seed: 1 });
    const plot = await import('credence/plot');
    const files = posterior.files();
    return {
      names: Object.keys(files),
      rows: files['draws.csv'].trim().split('\n').length,
      summary: Object.keys(JSON.parse(files['summary.json']).variables),
      trace: plot.tracePlot(posterior),
      graph: line.graph('svg'),
    };
  },

  /** There is nowhere to write to in a page. */
  async save() {
    const posterior = await line.infer(lineData, { backend: 'exact', draws: 10 });
    return posterior.save('run').then(
      () => null,
      (error) => ({ isModelError: error instanceof ModelError, message: error.message }),
    );
  },

  /** A wrong program: the diagnostic of the command line. */
  mistake() {
    try {
      return compile('sample x ~ Norml(0, 1)', 'typo.cred').source;
    } catch (error) {
      return { isModelError: error instanceof ModelError, message: error.message };
    }
  },

  /** A run that is stopped once both chains are on their way, long before its end. */
  async stopped() {
    const controller = new AbortController();
    const onTheWay = new Set();
    const onProgress = ({ chain, phase, done }) => {
      if (phase === 'sampling' && done > 100) onTheWay.add(chain);
      if (onTheWay.size === 2) setTimeout(() => controller.abort(), 700);
    };
    const posterior = await chains({ draws: 400_000, signal: controller.signal, onProgress });
    return { shape: posterior.draws('share').shape, finite: posterior.draws('share').every(Number.isFinite) };
  },

  async refused() {
    return line.infer(lineData, { backend: 'gibbs', draws: 10 }).then(
      () => null,
      (error) => ({ isModelError: error instanceof ModelError, codes: error.diagnostics?.map(({ code }) => code), message: error.message }),
    );
  },

  /** Last of all: how much workers have said so far. */
  messages() {
    return sent;
  },
};
