import { AppError, invalid } from '@claimbench/contracts';
import { type ArgumentMetadata, Injectable, type PipeTransform } from '@nestjs/common';
import { z } from 'zod';

const WHERE = { body: 'request body', query: 'query', param: 'path', custom: 'request' } as const;

/** Checks bodies, queries and paths by the zod schema of their decorator and names every bad field. */
@Injectable()
export class ValidationPipe implements PipeTransform {
  transform(value: unknown, metadata: ArgumentMetadata): unknown {
    const schema = metadata.schema;
    if (!(schema instanceof z.ZodType)) return value;
    const result = schema.safeParse(value ?? (metadata.type === 'body' ? undefined : {}));
    if (result.success) return result.data;
    // An address that cannot name anything is an address of nothing.
    if (metadata.type === 'param') throw new AppError('not-found', `Nothing has the ${metadata.data} ${String(value)}`);
    throw invalid('invalid-request', `Invalid ${WHERE[metadata.type]}`, result.error);
  }
}
