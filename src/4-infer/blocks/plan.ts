/**
 * Which latent regions a sampler draws together: blocks that hang together and cost no more than a sweep
 * can bear, unless the user says otherwise (`block=none`, `block=a+b`). Gaussian and discrete blocks come
 * through the same door; whatever is left over gets a kernel of its own.
 */
import { type Diagnostic, ModelError } from '../../errors/diagnostic.js';
import type { ModelGraph } from '../../2-graph/graph.js';
import { renderDiagnostics } from '../../errors/render.js';
import { provablyEqual } from '../../expr/affine.js';
import { type GaussianStructure, gaussianStructures, type NotGaussian } from '../../3-derive/gaussianBlock.js';
import type { Code } from '../../code/loop.js';
import type { FoldedTables } from '../contract.js';
import type { Derivation, RegionPlan } from '../derivation.js';
import { inWords, regionName } from '../wording.js';
import type { ProgramBuilder } from '../programBuilder.js';
import { findDiscreteBlocks } from './discrete.js';
import { type AssembledGaussianBlock, gaussianBlock } from './gaussian.js';

export type BlockRequest =
  /** Blocks where they are found. */
  | { readonly kind: 'derived' }
  | { readonly kind: 'none' }
  /** These sets of variables, each as one block, and no other. */
  | { readonly kind: 'groups'; readonly groups: readonly (readonly string[])[] };

/** Where a chain looks whether a block could be drawn: see `gaussianFactorBanded`. */
export interface BlockStatus {
  readonly storage: string;
  /** Cell, counted over all members, that each row of the factor stands for. */
  readonly rows: Int32Array;
  readonly members: readonly { readonly name: string; readonly shape: readonly number[] }[];
}

/** One block as a step of a sweep. */
export interface JointStep {
  readonly members: readonly RegionPlan[];
  readonly name: string;
  readonly kernel: string;
  readonly reason: string;
  readonly code: readonly Code[];
  readonly status: BlockStatus | null;
  /** What a Gaussian block can be asked besides. */
  readonly gaussian?: AssembledGaussianBlock | undefined;
}

export interface JointPlan {
  readonly steps: readonly JointStep[];
  /** Why variables that meet others are drawn alone all the same. */
  readonly apart: ReadonlyMap<string, string>;
}

/**
 * A sweep draws a block of its own accord where that takes some hundredths of a second, or not much longer
 * than drawing element by element, which takes two operations for each pair that meets.
 */
const fewOperations = 2e7,
  operationsForPair = 100;
function bearable(pairs: number): number {
  return Math.max(fewOperations, operationsForPair * pairs);
}
function unlimited(): number {
  return Infinity;
}

/** The joint blocks among the candidates. @throws ModelError where a set that was asked for is no block. */
export function jointSteps(
  builder: ProgramBuilder,
  derivation: Derivation,
  candidates: readonly RegionPlan[],
  folded: FoldedTables,
  request: BlockRequest,
): JointPlan {
  const apart = new Map<string, string>();
  switch (request.kind) {
    case 'none':
      return { steps: [], apart };
    case 'derived':
      return {
        steps: [
          ...gaussianSteps(builder, derivation, candidates, folded, bearable, apart).steps,
          ...discreteSteps(builder, derivation, candidates, apart),
        ],
        apart,
      };
    case 'groups':
      return {
        apart,
        steps: request.groups.map((group) => {
          const own = candidates.filter((c) => group.includes(c.region.variable.name));
          const reasons = new Map<string, string>();
          const gaussian = gaussianSteps(builder, derivation, own, folded, unlimited, reasons);
          const found = [...gaussian.steps, ...discreteSteps(builder, derivation, own, reasons)];
          const whole = found.find((s) => group.every((name) => s.members.some((m) => m.region.variable.name === name)));
          if (whole !== undefined) return whole;
          for (const r of gaussian.refused) if (!reasons.has(r.variable)) reasons.set(r.variable, refusalOf(r, builder.bound.graph));
          const why = group.flatMap((name) => (reasons.has(name) ? [`${name}: ${reasons.get(name)!}`] : []));
          const diagnostics: readonly Diagnostic[] = [
            {
              code: 'wrong-option',
              severity: 'error',
              message: `${group.join(' and ')} cannot be drawn as one block`,
              hint:
                why.length > 0
                  ? `${why.join('; ')}.`
                  : 'No two of their elements meet in a factor, or the kernel of one of them was chosen by option.',
            },
          ];
          throw new ModelError(diagnostics, renderDiagnostics(diagnostics, '', 'options'));
        }),
      };
  }
}

function refusalOf(r: NotGaussian, graph: ModelGraph): string {
  return r.term === null ? r.reason : `${r.reason} (${inWords(r.term, graph)})`;
}

/** True where two different draws may meet in a term. */
export function meets(structure: GaussianStructure): boolean {
  const rank = (name: string): number => structure.regions.find((r) => r.variable.name === name)!.at.length;
  return structure.terms.some(
    ({ elements: [a, b] }) =>
      b !== undefined && (a!.variable !== b.variable || !a!.at.slice(0, rank(a!.variable)).every((e, d) => provablyEqual(e, b.at[d]!))),
  );
}

function membersOf(candidates: readonly RegionPlan[], variables: readonly string[]): readonly RegionPlan[] {
  return candidates.filter((c) => variables.includes(c.region.variable.name));
}
function nameOf(members: readonly RegionPlan[]): string {
  return members.map((m) => regionName(m.region)).join(', ');
}

function gaussianSteps(
  builder: ProgramBuilder,
  derivation: Derivation,
  candidates: readonly RegionPlan[],
  folded: FoldedTables,
  limit: (pairs: number) => number,
  apart: Map<string, string>,
): { readonly steps: readonly JointStep[]; readonly refused: readonly NotGaussian[] } {
  const { blocks, refused } = gaussianStructures(
    candidates.map((c) => c.region),
    derivation.regions.map((r) => r.region),
    derivation.forms,
    builder.model,
  );
  return {
    refused,
    steps: blocks.filter(meets).flatMap((structure): JointStep[] => {
      const block = gaussianBlock(builder, structure, folded, { mostOperations: limit, scratch: true, onlyWhereMet: true });
      if ('refused' in block) {
        if (block.met) for (const v of structure.variables) apart.set(v, block.refused);
        return [];
      }
      const members = membersOf(candidates, structure.variables);
      return [
        {
          members,
          name: nameOf(members),
          kernel: 'joint Normal',
          reason: `jointly Normal given the rest: ${block.structure}`,
          code: [...block.prepare, ...block.draw],
          status: { storage: block.status, rows: block.rows, members: block.members },
          gaussian: block,
        },
      ];
    }),
  };
}

/** The same for blocks of finite unknowns. */
const discreteOperations = 2e8;

/** Discrete blocks as steps; why finite variables that meet others are in none goes to `apart`. */
export function discreteSteps(
  builder: ProgramBuilder,
  derivation: Derivation,
  candidates: readonly RegionPlan[],
  apart: Map<string, string>,
): readonly (JointStep & { readonly structure: string })[] {
  const options = { onlyWhereMet: true, mostOperations: discreteOperations };
  const { blocks, refused } = findDiscreteBlocks(builder, derivation, candidates, options);
  // What is too much together may do variable by variable: the chains of a factorial model.
  const single = refused.flatMap((r) => {
    const own = findDiscreteBlocks(builder, derivation, membersOf(candidates, [r.variable]), options).blocks;
    if (own.length === 0 && !apart.has(r.variable)) apart.set(r.variable, r.reason);
    return own;
  });
  return [...blocks, ...single].flatMap((block): (JointStep & { readonly structure: string })[] => {
    if (block.form === 'independent') return [];
    const members = candidates.filter((c) => block.regions.includes(c.region));
    return [
      {
        members,
        name: nameOf(members),
        kernel: 'joint Categorical',
        reason: `finite given the rest: ${block.structure}${block.form === 'chains' ? ', filtered forwards and sampled backwards' : ''}`,
        structure: block.structure,
        code: [...block.prepare, ...block.draw],
        status: null,
      },
    ];
  });
}
