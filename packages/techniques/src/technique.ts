import type {
  Decoder,
  DecoderConfig,
  FeedForward,
  FeedForwardConfig,
  LayerPlan,
  StepOptions,
  TokenWindows,
  TrainingState,
} from '@claimbench/models';
import { z } from 'zod';
import { type ParameterProblem, TechniqueError } from './technique-error.ts';
import type { WeightCosts } from './weights/costs.ts';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** What a technique may use beside its parameters. */
export interface TechniqueContext {
  /** The run's seed; a technique draws from Philox stream 5 of it. */
  readonly seed: number;
}

/** What a technique on a trained decoder may use. */
export interface CheckpointContext extends TechniqueContext {
  /** Windows of training text as long as the decoder's context, drawn from stream 3 of the seed; the first n are always the same. */
  calibrate(windows: number): Promise<TokenWindows>;
  /**
   * Trains the decoder on, on the subject's own text in another order than its training took, with the subject's recipe but for length
   * and rate; `change` puts something in the place of ordinary training. Throws where the subject has no recipe.
   */
  trainOn(
    decoder: Decoder,
    recipe: { readonly tokens: number; readonly learningRate: number },
    change?: (decoder: Decoder, context: TrainingContext) => TrainingChange | Promise<TrainingChange>,
  ): Promise<void>;
  /**
   * Where the training that made the decoder stood after a share of its steps, above 0 and below 1, rounded up: trained anew up to there,
   * from the same seed on the same batches, which gives the same bits on the same build and instruction set. Throws where the subject
   * has no recipe.
   */
  stateAfter(share: number): Promise<TrainingState>;
  /** Sets the decoder to a state of that training and takes its remaining steps, on their batches and at their rates. */
  trainFrom(
    decoder: Decoder,
    state: TrainingState,
    change?: (decoder: Decoder, context: TrainingContext) => TrainingChange | Promise<TrainingChange>,
  ): Promise<void>;
}

/** What a technique that trains differently may use. */
export interface TrainingContext extends TechniqueContext {
  /** Number of steps that the recipe takes. */
  readonly steps: number;
}

/** What a technique puts in the place of ordinary training; disposed when training has ended. */
export interface TrainingChange extends Partial<Disposable> {
  readonly options: Pick<StepOptions, 'loss' | 'afterStep' | 'gradient' | 'trains'>;
}

/** Text is written with the first layers as a draft. */
export interface Drafting {
  readonly layers: number;
  /** Guesses in a round. */
  readonly tokens: number;
  /** Whether draft and model share layers, states and cache, or the draft is a second model. */
  readonly shared: boolean;
}

interface TechniqueText<Parameters> {
  /** Lower-case words joined by hyphens; experiments and protocols name it. */
  readonly id: string;
  readonly title: string;
  readonly family: TechniqueDescription['family'];
  /** What it does and which reading of the paper it follows, for someone who has not read the paper. */
  readonly summary: string;
  /** The equation in TeX; null where there is none. */
  readonly equation: string | null;
  /** Numbers of the papers in the corpus that it comes from. */
  readonly papers: readonly number[];
  /** A strict object; every field with bounds, a default and a description: the dashboard's form is built from it. */
  readonly parameters: z.ZodType<Parameters>;
  /** Parameters worth a grid, with the values that the form offers first. */
  readonly grid: { readonly [Name in keyof Parameters]?: readonly Parameters[Name][] };
  /** Names one setting in tables and charts: "4 bits, per channel". Empty: the title says it all. */
  label(parameters: Parameters): string;
}

/**
 * Where it acts. `architecture`: on the config, before the decoder is made and trained. `training`: on the steps of training, and
 * maybe on the order of layers afterwards. `checkpoint`: on the weights of a trained decoder. `inference`: on the order in which a
 * trained decoder runs its layers. `perceptron` is what it does at the same seam to a multi-layer perceptron; without it the technique needs
 * a decoder. `encoders` says that it acts on an encoder as on a decoder: it neither predicts tokens itself nor counts on their order, and
 * what the architecture alone decides does so always.
 * All throw TechniqueError `technique-does-not-fit`, naming what the technique needs and what the architecture has.
 */
type Action<Parameters> =
  | {
      readonly seam: 'architecture';
      changeConfig(config: DecoderConfig, parameters: Parameters): DecoderConfig;
      readonly perceptron?: {
        changeConfig(config: FeedForwardConfig, parameters: Parameters): FeedForwardConfig;
      };
    }
  | {
      readonly seam: 'training';
      readonly encoders?: true;
      /** The parameters with those that training does not read at their defaults: runs that agree in them share one trained model. */
      trainedWith(parameters: Parameters): Parameters;
      changeTraining(
        decoder: Decoder,
        parameters: Parameters,
        context: TrainingContext,
      ): TrainingChange | Promise<TrainingChange>;
      /** What the trained model runs; asked before anything runs too. */
      planLayers(config: DecoderConfig, parameters: Parameters): LayerPlan;
      /** Stores weights that were trained on a grid in fewer bits, here or when they are loaded again; the loss stays. */
      storeWeights?(decoder: Decoder, parameters: Parameters): Promise<WeightCosts>;
      drafting?(config: DecoderConfig, parameters: Parameters): Drafting | null;
    }
  | {
      readonly seam: 'checkpoint';
      readonly encoders?: true;
      /** Throws where the technique cannot act on such a decoder: asked before anything runs. */
      checkConfig(config: DecoderConfig, parameters: Parameters): void;
      /** Replaces or rewrites linears of the decoder; returns what the weights cost now. */
      changeWeights(decoder: Decoder, parameters: Parameters, context: CheckpointContext): Promise<WeightCosts>;
      /** Tokens that it trains on, for plans; without it, none. */
      tokensTrained?(parameters: Parameters): number;
      /** Times that it takes the subject's own training, whole or in shares, for plans; without it, none. */
      trainings?(parameters: Parameters): number;
      readonly perceptron?: {
        checkConfig(config: FeedForwardConfig, parameters: Parameters): void;
        changeWeights(network: FeedForward, parameters: Parameters): Promise<WeightCosts>;
      };
    }
  | {
      readonly seam: 'inference';
      readonly encoders?: true;
      /** A network without layers to order runs as it is. */
      readonly perceptron?: 'unchanged';
      planLayers(config: DecoderConfig, parameters: Parameters, context: TechniqueContext): LayerPlan;
      /** How the model writes text, where that is what the technique is about; asked before anything runs too. */
      drafting?(config: DecoderConfig, parameters: Parameters): Drafting | null;
    };

export type TechniqueDefinition<Parameters> = TechniqueText<Parameters> & Action<Parameters>;

/** What a technique with checked parameters does, where it acts. */
export type ResolvedAction = {
  /** Whether it acts on encoders too; of what the trained model was trained with, that technique says so. */
  readonly encoders: boolean;
} & ResolvedSeam;

type ResolvedSeam =
  | {
      readonly seam: 'architecture';
      changeConfig(config: DecoderConfig): DecoderConfig;
      /** null where the technique needs a decoder; so in all seams. */
      readonly perceptron: { changeConfig(config: FeedForwardConfig): FeedForwardConfig } | null;
    }
  | {
      readonly seam: 'training';
      /** The setting whose trained model this one runs: its own where it reads nothing but training's parameters. */
      readonly trainedWith: { readonly [name: string]: Json };
      changeTraining(decoder: Decoder, context: TrainingContext): Promise<TrainingChange>;
      planLayers(config: DecoderConfig): LayerPlan;
      /** Whether training leaves weights on a grid that are stored in fewer bits. */
      readonly storesWeights: boolean;
      /** null where the weights stay as training left them. */
      storeWeights(decoder: Decoder): Promise<WeightCosts | null>;
      drafting(config: DecoderConfig): Drafting | null;
      readonly perceptron: null;
    }
  | {
      readonly seam: 'checkpoint';
      /** What the trained model was trained with; null: nothing but its recipe. */
      readonly startsFrom: ResolvedTechnique | null;
      checkConfig(config: DecoderConfig): void;
      changeWeights(decoder: Decoder, context: CheckpointContext): Promise<WeightCosts>;
      readonly tokensTrained: number;
      readonly trainings: number;
      readonly perceptron: {
        checkConfig(config: FeedForwardConfig): void;
        changeWeights(network: FeedForward): Promise<WeightCosts>;
      } | null;
    }
  | {
      readonly seam: 'inference';
      readonly perceptron: 'unchanged' | null;
      /** What the trained model was trained with; null: nothing but its recipe. */
      readonly startsFrom: ResolvedTechnique | null;
      planLayers(config: DecoderConfig, context: TechniqueContext): LayerPlan;
      /** As what the model was trained with says; null where the weights stay as they are. */
      storeWeights(decoder: Decoder): Promise<WeightCosts | null>;
      drafting(config: DecoderConfig): Drafting | null;
    };

/** A technique with checked parameters, defaults filled in, ready to act. */
export type ResolvedTechnique = {
  readonly id: string;
  readonly title: string;
  readonly family: string;
  readonly parameters: { readonly [name: string]: Json };
  /** Title and setting: "Round to nearest, 4 bits, per channel". */
  readonly label: string;
} & ResolvedAction;

/** What forms and lists show of a technique. */
export interface TechniqueDescription {
  id: string;
  title: string;
  /** `combined`: made of others; `none`: changes nothing. */
  family: 'norm' | 'quantization' | 'pruning' | 'layer-skipping' | 'combined' | 'none';
  seam: 'architecture' | 'training' | 'checkpoint' | 'inference';
  summary: string;
  equation: string | null;
  papers: number[];
  /** JSON Schema (2020-12) of the parameters as they are given, before defaults. */
  parametersSchema: { [key: string]: Json };
  grid: { [parameter: string]: Json[] };
}

/** A technique as the registry keeps it: the type of its parameters stays inside. */
export interface Technique {
  readonly id: string;
  describe(): TechniqueDescription;
  /** What is wrong with parameters; empty when they can be resolved. */
  problems(parameters: unknown): readonly ParameterProblem[];
  /** Throws TechniqueError `invalid-parameters`. */
  resolve(parameters: unknown): ResolvedTechnique;
}

export function defineTechnique<Parameters extends Record<string, unknown>>(
  definition: TechniqueDefinition<Parameters>,
): Technique {
  return techniqueOf(definition, (parameters) => {
    const setting = definition.label(parameters);
    return {
      parameters: asJson(parameters),
      label: setting ? `${definition.title}, ${setting}` : definition.title,
      ...actionOf(definition, parameters),
    };
  });
}

/** A technique out of its text and of what checked parameters make of it; where it acts may depend on them. */
export function techniqueOf<Parameters extends Record<string, unknown>>(
  text: Omit<TechniqueText<Parameters>, 'label'> & Pick<TechniqueDescription, 'seam'>,
  resolve: (parameters: Parameters) => Pick<ResolvedTechnique, 'parameters' | 'label'> & ResolvedAction,
): Technique {
  const { id, title, family, seam, summary, equation, papers } = text;
  return {
    id,
    describe: () => ({
      id,
      title,
      family,
      seam,
      summary,
      equation,
      papers: [...papers],
      parametersSchema: asJson(z.toJSONSchema(text.parameters, { io: 'input' })),
      grid: asJson(text.grid),
    }),
    problems: (parameters) => problemsOf(text.parameters.safeParse(parameters)),
    resolve(given) {
      const parsed = text.parameters.safeParse(given);
      if (!parsed.success) {
        const errors = problemsOf(parsed);
        const list = errors.map(({ path, message }) => (path ? `${path}: ${message}` : message)).join('; ');
        throw new TechniqueError('invalid-parameters', `parameters of ${id}: ${list}`, errors);
      }
      return { ...resolve(parsed.data), id, title, family };
    },
  };
}

function actionOf<Parameters extends Record<string, unknown>>(
  definition: TechniqueDefinition<Parameters>,
  parameters: Parameters,
): ResolvedAction {
  switch (definition.seam) {
    case 'architecture': {
      const { perceptron } = definition;
      return {
        seam: 'architecture',
        encoders: true,
        changeConfig: (config) => definition.changeConfig(config, parameters),
        perceptron: perceptron ? { changeConfig: (config) => perceptron.changeConfig(config, parameters) } : null,
      };
    }
    case 'training':
      return {
        seam: 'training',
        encoders: definition.encoders ?? false,
        trainedWith: asJson<{ [name: string]: Json }>(definition.trainedWith(parameters)),
        changeTraining: async (decoder, context) => await definition.changeTraining(decoder, parameters, context),
        planLayers: (config) => definition.planLayers(config, parameters),
        storesWeights: definition.storeWeights !== undefined,
        storeWeights: async (decoder) => (await definition.storeWeights?.(decoder, parameters)) ?? null,
        drafting: (config) => definition.drafting?.(config, parameters) ?? null,
        perceptron: null,
      };
    case 'checkpoint': {
      const { perceptron } = definition;
      return {
        seam: 'checkpoint',
        encoders: definition.encoders ?? false,
        startsFrom: null,
        checkConfig: (config) => definition.checkConfig(config, parameters),
        changeWeights: async (decoder, context) => {
          definition.checkConfig(decoder.config, parameters);
          return await definition.changeWeights(decoder, parameters, context);
        },
        tokensTrained: definition.tokensTrained?.(parameters) ?? 0,
        trainings: definition.trainings?.(parameters) ?? 0,
        perceptron: perceptron
          ? {
              checkConfig: (config) => perceptron.checkConfig(config, parameters),
              changeWeights: async (network) => {
                perceptron.checkConfig(network.config, parameters);
                return await perceptron.changeWeights(network, parameters);
              },
            }
          : null,
      };
    }
    case 'inference':
      return {
        seam: 'inference',
        encoders: definition.encoders ?? false,
        startsFrom: null,
        perceptron: definition.perceptron ?? null,
        planLayers: (config, context) => definition.planLayers(config, parameters, context),
        storeWeights: async () => null,
        drafting: (config) => definition.drafting?.(config, parameters) ?? null,
      };
  }
}

function problemsOf(result: z.ZodSafeParseResult<unknown>): ParameterProblem[] {
  if (result.success) return [];
  return result.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }));
}

/** Drops what JSON does not hold (schemas carry functions of their library). */
function asJson<T extends { [key: string]: Json } | { [key: string]: Json[] }>(value: object): T {
  return JSON.parse(JSON.stringify(value));
}
