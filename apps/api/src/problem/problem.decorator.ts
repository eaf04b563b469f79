import { ERROR_STATUS, type ErrorCode, Problem } from '@claimbench/contracts';
import { applyDecorators } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';

/** Documents the errors of a route: one response for each status, with the codes that it stands for. */
export function ApiProblems(...codes: ErrorCode[]): MethodDecorator & ClassDecorator {
  const byStatus = Map.groupBy(codes, (code) => ERROR_STATUS[code]);
  return applyDecorators(
    ...[...byStatus].map(([status, group]) =>
      ApiResponse({ status, description: group.join(', '), standardSchema: Problem }),
    ),
  );
}
