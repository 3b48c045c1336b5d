/**
 * Jointly Gaussian latents integrated out of the joint density: the share of a block is its log normaliser
 * log Z, the log of the integral of exp f(x) over its members, f the factors that mention one.
 *
 * d log Z = E[df] under the block's law (Fisher's identity). f is quadratic in x, so E[df] = df at the mean plus the
 * covariances times the derivatives of the coefficients of the pairs: no squares of means are subtracted from one another.
 */
import { type Code, accumulate, store } from '../code/loop.js';
import { type Diagnostic, ModelError } from '../errors/diagnostic.js';
import { renderDiagnostics } from '../errors/render.js';
import { type Index, num, one, zero } from '../expr/expr.js';
import { factorForms, factorMentions } from '../3-derive/conditional.js';
import { type GaussianStructure, gaussianStructures } from '../3-derive/gaussianBlock.js';
import type { DerivedModel, Factor, LatentRegion } from '../3-derive/model.js';
import type { Binder } from '../3-derive/normalForm.js';
import { type AssembledGaussianBlock, contractedTerms, factorsAtMean, gaussianBlock } from './blocks/gaussian.js';
import { overRegions } from './blocks/gaussianPattern.js';
import { FoldedTables, StatisticTables } from './contract.js';
import type { ReverseSweep } from './gradientCode.js';
import { inWords } from './wording.js';
import type { ProgramBuilder } from './programBuilder.js';

/** A variable that was integrated out, with the storages of its moments given the rest. */
export interface IntegratedVariable {
  readonly name: string;
  readonly mean: string;
  readonly variance: string;
}

export interface IntegratedOut {
  readonly variables: readonly IntegratedVariable[];
  readonly blocks: readonly AssembledGaussianBlock[];
  /** Factors that mention no member. */
  readonly rest: readonly Factor[];
  /** Prepares the blocks at the current state and adds their log normalisers to a storage. */
  forward(value: string): readonly Code[];
  /** Adds the derivatives of `forward`, after it; `moved` are the storages that derivatives are taken in. */
  reverse(sweep: ReverseSweep, moved: readonly string[]): void;
  /** Writes the moments of `variables`; after `forward`. */
  readonly moments: readonly Code[];
  /** An exact joint draw of all members; after `forward`. */
  readonly draw: readonly Code[];
}

/**
 * The Gaussian blocks that the named variables form; finite ones among the names are left to whoever sums them out.
 * @throws ModelError for names that are in no such block, each with the reason.
 */
export function marginalStructures(
  model: DerivedModel,
  factors: readonly Factor[],
  regions: readonly LatentRegion[],
  names: readonly string[],
  backend: string,
): readonly GaussianStructure[] {
  const wanted = new Set(names);
  const candidates = regions.filter((r) => wanted.has(r.variable.name) && model.finiteRange(r.variable.name) === null);
  if (candidates.length === 0) return [];
  const { blocks, refused } = gaussianStructures(candidates, regions, factorForms(factors, model), model);
  const wrong: Diagnostic[] = [];
  const no = (name: string, reason: string): void => {
    const region = candidates.find((r) => r.variable.name === name);
    wrong.push({
      code: 'no-marginal',
      severity: 'error',
      span: region?.statement.span,
      message: `${backend} cannot integrate out '${name}': ${reason}`,
      hint: 'Only unknowns that are jointly Gaussian given the rest are integrated out; leave it out of marginal, or use --backend gibbs.',
    });
  };
  for (const r of refused) no(r.variable, r.term === null ? r.reason : `${r.reason} (${inWords(r.term)})`);
  const labels = new Set(regions.map((r) => r.variable.name).filter((n) => model.finiteRange(n) !== null));
  blocks.forEach((block, k) => {
    const met = block.factors.flatMap((f) => [...labels].filter((n) => factorMentions(f, n)))[0];
    if (met !== undefined) no(block.variables[0]!, `it meets '${met}', which is summed out, in a factor`);
    const other = blocks.find((b, l) => l > k && b.factors.some((f) => block.factors.includes(f)));
    if (other !== undefined)
      no(other.variables[0]!, `it stands in a product with '${block.variables[0]!}', so that together they are not Gaussian`);
  });
  if (wrong.length > 0) throw new ModelError(wrong, renderDiagnostics(wrong, '', 'program'));
  return blocks;
}

/** The named variables integrated out of the factors. @throws ModelError where they are in no Gaussian block. */
export function integratedOut(
  builder: ProgramBuilder,
  factors: readonly Factor[],
  regions: readonly LatentRegion[],
  names: readonly string[],
  backend: string,
): IntegratedOut {
  const structures = marginalStructures(builder.model, factors, regions, names, backend);
  const folded = new FoldedTables();
  const blocks = structures.map((s) => {
    const block = gaussianBlock(builder, s, folded);
    if (!('refused' in block)) return block;
    const wrong: readonly Diagnostic[] = [
      {
        code: 'no-marginal',
        severity: 'error',
        message: `${backend} cannot integrate out '${s.variables.join("', '")}': ${block.refused}`,
        hint: 'Use --backend gibbs.',
      },
    ];
    throw new ModelError(wrong, renderDiagnostics(wrong, '', 'program'));
  });
  const mentioning = new Set(structures.flatMap((s) => s.factors));
  const variables = structures
    .flatMap((s) => s.variables)
    .map((name): IntegratedVariable => {
      const { shape } = builder.storage(name);
      return { name, mean: builder.fresh('meanOf', shape, 'state'), variance: builder.fresh('varianceOf', shape, 'state') };
    });
  return {
    variables,
    blocks,
    rest: factors.filter((f) => !mentioning.has(f)),
    forward: (value) => blocks.flatMap((b) => [...b.prepare, accumulate(value, [], b.logNormaliser)]),
    reverse(sweep, moved) {
      for (const block of blocks) {
        sweep.statements(block.moments);
        for (const e of factorsAtMean(builder, block.structureOf, (x) => block.mean(x)))
          if (sweep.active(e)) sweep.weighted([], [], e, one);
        const tables = new StatisticTables(builder, moved, [], folded);
        const terms = contractedTerms(builder, tables, block.structureOf);
        sweep.statements(tables.before);
        for (const {
          binders,
          guards,
          value,
          elements: [a, b],
        } of terms) {
          if (b !== undefined && sweep.active(value)) sweep.weighted(binders, guards, value, block.covariance(a!, b, binders, guards)!);
        }
      }
    },
    moments: blocks.flatMap((block) => [
      ...block.moments,
      ...block.regions.flatMap((r) =>
        overRegions(builder, [r], (e) => {
          const own = variables.find((v) => v.name === e.variable)!,
            { shape } = builder.storage(e.variable);
          const event = e.at
            .slice(e.at.length - r.eventRank)
            .map((i, d): Binder => ({ index: i as Index, from: zero, to: num(shape[shape.length - r.eventRank + d]!) }));
          return [store(own.mean, e.at, block.mean(e)), store(own.variance, e.at, block.covariance(e, e, [...r.plates, ...event])!)];
        }),
      ),
    ]),
    draw: blocks.flatMap((b) => b.draw),
  };
}
