import type { Settings } from '@claimbench/contracts';
import { type DynamicModule, Global, Module } from '@nestjs/common';

export const SETTINGS = Symbol('settings');

@Global()
@Module({})
class SettingsModule {}

/** Gives every part of the application the settings. */
export function settingsModule(settings: Settings): DynamicModule {
  return { module: SettingsModule, providers: [{ provide: SETTINGS, useValue: settings }], exports: [SETTINGS] };
}
