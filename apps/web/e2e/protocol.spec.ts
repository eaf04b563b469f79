import type { Family } from '@claimbench/contracts';
import { expect, test } from '@playwright/test';
import { quickClaim } from './platform.ts';

/** Two minutes on two idle cores; a busy machine may take longer. */
const PATIENCE_MS = 600_000;

for (const family of ['quantization', 'norm', 'pruning', 'layer-skipping'] satisfies Family[]) {
  test(`a claim about ${family} gets its verdict from its registered protocol`, async ({ page, request }) => {
    test.setTimeout(PATIENCE_MS + 60_000);
    const { claim, protocol } = await quickClaim(request, family);
    await page.goto(`/claims/${claim.id}`);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(claim.statement);

    await page.getByRole('button', { name: /^Register/ }).click();
    const dialog = page.getByRole('dialog', { name: 'Register this protocol and run it?' });
    await expect(dialog).toContainText(protocol.id);
    await expect(dialog).toContainText('Wall time');
    await dialog.getByRole('button', { name: 'Register and run' }).click();
    await expect(page).toHaveURL(/\/experiments\/[0-9a-f-]{36}$/);
    const experiment = page.url().split('/').at(-1) ?? '';
    const began = Date.now();
    await expect(page.locator('article[data-experiment="succeeded"]')).toBeVisible({ timeout: PATIENCE_MS });
    test.info().annotations.push({ type: 'seconds', description: String(Math.round((Date.now() - began) / 1000)) });

    await page.getByRole('link', { name: `claim ${claim.id}` }).click();
    await expect(page).toHaveURL(new RegExp(`/claims/${claim.id.replace('.', '\\.')}$`));
    const measured = page.getByRole('region', { name: 'What we measured' });
    await expect(measured.locator('svg[data-verdict]').first()).toBeVisible();
    await expect(measured).toContainText('n = ');
    await expect(measured).toContainText('parameters');
    await expect(measured).toContainText('±');
    await expect(page.getByRole('region', { name: 'What the paper says' })).toContainText(claim.metric);
    await expect(page.getByRole('table', { name: 'Controls' }).getByRole('row')).toHaveCount(
      1 + protocol.controls.length,
    );
    await expect(page.getByRole('table', { name: 'Verdict history' })).toBeVisible();
    await expect(page.locator(`a[href="/experiments/${experiment}"]`).first()).toBeVisible();
  });
}
