import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { z } from 'zod';
import { toComponents } from './schema-components.ts';

/** The OpenAPI 3.1 document of all routes, made from the zod schemas that also check the requests. */
export function openApiDocument(app: INestApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Claimbench')
    .setDescription(
      'Claims of papers on efficient neural networks, the experiments that test them, and their verdicts.',
    )
    .setVersion('1')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'The token of the workers' }, 'worker')
    .build();
  const document = SwaggerModule.createDocument(app, config, {
    operationIdFactory: (_controller, method) => method,
    standardSchemaConverter: (schema, { schemaType }) =>
      schema instanceof z.ZodType ? toComponents(schema, schemaType) : undefined,
  });
  return sayProblemJson(document);
}

/** Nest documents every body as application/json; errors are application/problem+json. */
function sayProblemJson(document: OpenAPIObject): OpenAPIObject {
  for (const item of Object.values(document.paths)) {
    for (const operation of [item.get, item.put, item.post]) {
      for (const response of Object.values(operation?.responses ?? {})) {
        if (!response || '$ref' in response) continue;
        const schema = response.content?.['application/json']?.schema;
        if (schema && '$ref' in schema && schema.$ref === '#/components/schemas/Problem')
          response.content = { 'application/problem+json': { schema } };
      }
    }
  }
  return document;
}
