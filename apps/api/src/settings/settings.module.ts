import type { Settings } from '@claimbench/contracts';
import { type DynamicModule, Global, Module } from '@nestjs/common';

export const SETTINGS = Symbol('settings');

@Global()
@Module({})
export class SettingsModule {
  static of(settings: Settings): DynamicModule {
    return {
      module: SettingsModule,
      providers: [{ provide: SETTINGS, useValue: settings }],
      exports: [SETTINGS],
    };
  }
}
