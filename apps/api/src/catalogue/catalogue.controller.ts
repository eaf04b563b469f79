import { BackendOption, DataSetOption, SubjectOption, TechniqueDescriptor } from '@claimbench/contracts';
import { Controller, Get, Param } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { ApiProblems } from '../problem/problem.decorator.ts';
import { CatalogueService } from './catalogue.service.ts';

/** What an experiment can be made of; the form of a new experiment is built from these lists. */
@ApiTags('catalogue')
@Controller()
export class CatalogueController {
  constructor(private readonly catalogue: CatalogueService) {}

  @Get('techniques')
  @ApiOkResponse({ standardSchema: z.array(TechniqueDescriptor) })
  listTechniques(): TechniqueDescriptor[] {
    return this.catalogue.techniques();
  }

  @Get('techniques/:id')
  @ApiOkResponse({ standardSchema: TechniqueDescriptor })
  @ApiProblems('not-found')
  getTechnique(@Param('id', { schema: z.string() }) id: string): TechniqueDescriptor {
    return this.catalogue.technique(id);
  }

  @Get('subjects')
  @ApiOkResponse({ standardSchema: z.array(SubjectOption) })
  listSubjects(): Promise<SubjectOption[]> {
    return this.catalogue.subjects();
  }

  @Get('data-sets')
  @ApiOkResponse({ standardSchema: z.array(DataSetOption) })
  listDataSets(): Promise<DataSetOption[]> {
    return this.catalogue.dataSets();
  }

  @Get('backends')
  @ApiOkResponse({ standardSchema: z.array(BackendOption) })
  listBackends(): Promise<BackendOption[]> {
    return this.catalogue.backends();
  }
}
