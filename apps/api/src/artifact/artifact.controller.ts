import { Readable } from 'node:stream';
import { AppError, Sha256 } from '@claimbench/contracts';
import { Controller, Get, HttpCode, Param, Put, Req, StreamableFile, UseGuards } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiBody,
  ApiConsumes,
  ApiCreatedResponse,
  ApiOkResponse,
  ApiProduces,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { ApiProblems } from '../problem/problem.decorator.ts';
import { WorkerGuard } from '../worker/worker.guard.ts';
import { ArtifactService } from './artifact.service.ts';

const BYTES = { type: 'string', format: 'binary' } as const;

/** Files that runs leave and take: checkpoints, by the SHA-256 of their bytes. */
@ApiTags('worker')
@ApiBearerAuth('worker')
@UseGuards(WorkerGuard)
@ApiProblems('unauthorized', 'database-unavailable')
@Controller('worker/artifacts')
export class ArtifactController {
  constructor(private readonly artifacts: ArtifactService) {}

  /** HEAD answers alike without the bytes: a worker asks it before it sends. */
  @Get(':sha256')
  @ApiProduces('application/octet-stream')
  @ApiOkResponse({ content: { 'application/octet-stream': { schema: BYTES } } })
  @ApiProblems('not-found')
  async getArtifact(
    @Param('sha256', { schema: Sha256 }) sha256: string,
    @Req() request: FastifyRequest,
  ): Promise<StreamableFile> {
    const { bytes, open } = await this.artifacts.find(sha256);
    // Fastify answers HEAD by this handler and throws the stream away: an empty one saves reading the file.
    return new StreamableFile(request.method === 'HEAD' ? Readable.from([]) : open(), { length: bytes });
  }

  /** Storing what is there already is harmless and answers the same. */
  @Put(':sha256')
  @HttpCode(201)
  @ApiConsumes('application/octet-stream')
  @ApiBody({ required: true, schema: BYTES })
  @ApiCreatedResponse()
  @ApiProblems('invalid-request', 'hash-mismatch', 'artifact-too-large', 'artifact-store-full')
  async putArtifact(
    @Param('sha256', { schema: Sha256 }) sha256: string,
    @Req() request: FastifyRequest<{ Body: Readable | undefined }>,
  ): Promise<void> {
    if (request.headers['content-type'] !== 'application/octet-stream' || !request.body)
      throw new AppError('invalid-request', 'An artifact is sent as application/octet-stream.');
    await this.artifacts.store(sha256, request.body);
  }
}
