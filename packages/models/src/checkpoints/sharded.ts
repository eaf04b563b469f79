import { z } from 'zod';
import { ModelError } from '../model-error.ts';
import type { SafetensorsFile, StoredTensor } from './safetensors.ts';

const Index = z.object({ weight_map: z.record(z.string(), z.string()) });

/** Names of the files that a `model.safetensors.index.json` spreads the tensors over. Throws `bad-checkpoint`. */
export function shardsOf(index: unknown): readonly string[] {
  const shards = [...new Set(Object.values(parse(index)))].sort();
  const outside = shards.find((shard) => !/^[\w.-]+$/.test(shard) || shard.startsWith('.'));
  if (outside !== undefined) throw new ModelError('bad-checkpoint', `the index names a file '${outside}' elsewhere`);
  return shards;
}

/** The shards as one file. Throws `bad-checkpoint` where a tensor is not where the index says, or is in no index. */
export function joinShards(index: unknown, shards: ReadonlyMap<string, SafetensorsFile>): SafetensorsFile {
  const map = parse(index);
  const tensors = new Map<string, StoredTensor>();
  for (const [name, shard] of Object.entries(map)) {
    const tensor = shards.get(shard)?.tensors.get(name);
    if (tensor === undefined) throw new ModelError('bad-checkpoint', `the index places '${name}' into ${shard}`);
    tensors.set(name, tensor);
  }
  for (const [shard, file] of shards) {
    for (const name of file.tensors.keys()) {
      if (map[name] !== shard) throw new ModelError('bad-checkpoint', `${shard} holds '${name}' beside the index`);
    }
  }
  return { metadata: new Map(), tensors };
}

function parse(index: unknown): Readonly<Record<string, string>> {
  const parsed = Index.safeParse(index);
  if (parsed.success) return parsed.data.weight_map;
  throw new ModelError('bad-checkpoint', `the index of shards: ${z.prettifyError(parsed.error)}`);
}
