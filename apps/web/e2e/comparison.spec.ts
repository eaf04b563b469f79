import { expect, test } from '@playwright/test';
import { ended, finishedExperiment, smallComparison, submit } from './platform.ts';

test('bit-widths 8, 6, 4, 3, 2 with three seeds: submitted from the form, watched until it has finished', async ({
  page,
}) => {
  test.setTimeout(240_000);
  await page.goto('/experiments/new');
  await page.getByRole('button', { name: /Round to nearest/ }).click();

  const bits = page.getByLabel('Bits', { exact: true });
  await expect(bits).toHaveValue('8, 6, 4, 3, 2');
  await page.getByLabel('Seeds', { exact: true }).fill('3');
  // a run of its own, also where the database has seen this comparison before
  await page.getByLabel('Reuse earlier outcomes').uncheck();

  const plan = page.getByRole('region', { name: 'Plan' });
  await expect(plan.getByText('18', { exact: true })).toBeVisible();
  await expect(plan.getByText('Round to nearest, 2 bits', { exact: false })).toBeVisible();
  await page.getByRole('button', { name: 'Submit experiment' }).click();

  await expect(page).toHaveURL(/\/experiments\/[0-9a-f-]{36}$/);
  const began = Date.now();
  await expect(page.locator('[data-live="live"]')).toBeVisible();
  await expect(page.locator('tr[data-run]')).toHaveCount(18);
  // runs fill in by themselves: the page is never loaded again
  await expect(page.locator('tr[data-state="succeeded"]').first()).toBeVisible({ timeout: 120_000 });
  await expect(page.locator('article[data-experiment="succeeded"]')).toBeVisible({ timeout: 180_000 });
  const seconds = Math.round((Date.now() - began) / 1000);
  test.info().annotations.push({ type: 'seconds', description: String(seconds) });
  await expect(page.locator('tr[data-state="succeeded"]')).toHaveCount(18);

  const arms = page.getByRole('table', { name: 'Arms' });
  await expect(arms.getByRole('row')).toHaveCount(1 + 6 + 1);
  const twoBits = arms.getByRole('row', { name: /Round to nearest, 2 bits/ });
  await expect(twoBits).toContainText('±');
  await expect(page.getByRole('figure', { name: 'Loss over bits' })).toContainText('n = 3 seeds');

  // the chart can be read as a table
  await page.getByRole('radiogroup', { name: 'Loss over bits: show as' }).getByRole('radio', { name: 'Table' }).click();
  await expect(page.getByRole('table', { name: 'Loss over bits' }).getByRole('row')).toHaveCount(1 + 5);

  await page.getByRole('link', { name: 'Baseline' }).first().click();
  await expect(page).toHaveURL(/\/runs\//);
  await expect(page.locator('tr[data-metric="natsPerByte"]')).toBeVisible();
  await expect(page.getByText('"natsPerByte"')).toHaveCount(0);
  await expect(page.getByText('"learningRate"')).toBeVisible();
});

test('an experiment is cancelled after asking once', async ({ page, request }) => {
  const { id } = await submit(
    request,
    smallComparison({ title: 'To be cancelled', training: { tokens: 2_000_000 }, seeds: 12, reuse: false }),
  );
  await page.goto(`/experiments/${id}`);
  await page.getByRole('button', { name: 'Cancel', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'Cancel this experiment?' });
  await dialog.getByRole('button', { name: 'Keep it running' }).click();
  await expect(dialog).toBeHidden();
  await page.getByRole('button', { name: 'Cancel', exact: true }).click();
  await dialog.getByRole('button', { name: 'Cancel the experiment' }).click();
  await expect(page.locator('article[data-experiment="cancelled"]')).toBeVisible({ timeout: 20_000 });
  await expect(page.getByRole('button', { name: 'Cancel', exact: true })).toBeHidden();
  expect((await ended(request, id, 20_000)).state).toBe('cancelled');
});

test('an experiment is cloned, edited and submitted as another one', async ({ page, request }) => {
  test.setTimeout(180_000);
  const original = await finishedExperiment(request);
  await page.goto(`/experiments/${original.id}`);
  await page.getByRole('link', { name: 'Clone and edit' }).click();
  await expect(page).toHaveURL(new RegExp(`clone=${original.id}`));
  await expect(page.getByLabel('Bits', { exact: true })).toHaveValue('8, 4, 2');
  await expect(page.getByLabel('Training tokens')).toHaveValue('100000');
  await expect(page.getByLabel('Title')).toHaveValue('Finished comparison');
  await page.getByLabel('Title').fill('The clone');
  await page.getByLabel('Bits', { exact: true }).fill('8, 2');
  await page.getByLabel('Bits', { exact: true }).press('Control+Enter');
  await expect(page.getByRole('heading', { level: 1, name: 'The clone' })).toBeVisible();
  const id = page.url().split('/').at(-1) ?? '';
  expect(id).not.toBe(original.id);
  const clone = await ended(request, id, 90_000);
  // same specs: nothing is computed a second time
  expect(clone.request).toMatchObject({ seeds: 2, techniques: [{ grid: { bits: [8, 2] } }] });
});

test.describe('bad input is shown at its field', () => {
  test('a parameter out of range, a seed that is none', async ({ page }) => {
    await page.goto('/experiments/new?technique=round-to-nearest');
    await page.getByLabel('Bits', { exact: true }).fill('8, 9');
    const field = page.getByLabel('Bits', { exact: true });
    await expect(field).toHaveAttribute('aria-invalid', 'true');
    await expect(field).toHaveAccessibleDescription(/9: .*<=8/);
    await page.getByLabel('Seeds', { exact: true }).fill('none');
    await expect(page.getByLabel('Seeds', { exact: true })).toHaveAccessibleDescription(
      /Expected a whole number from 1 to 64/,
    );
    await page.getByRole('button', { name: 'Submit experiment' }).click();
    await expect(page).toHaveURL(/\/experiments\/new/);
    await expect(page.getByRole('region', { name: 'Plan' })).toContainText('Some fields need another value');
  });

  test('a rule between two fields, which only the API knows', async ({ page }) => {
    await page.goto('/experiments/new?technique=drop-layers');
    await page.getByLabel('Vary Number').uncheck();
    await page.getByLabel('Layers', { exact: true }).fill('0, 1');
    await expect(page.getByLabel('Layers', { exact: true })).toHaveAccessibleDescription(/only with select "listed"/);
  });

  test('a grid of ten thousand runs is refused with the limit', async ({ page }) => {
    await page.goto('/experiments/new?technique=magnitude');
    await page
      .getByLabel('Sparsity', { exact: true })
      .fill(Array.from({ length: 160 }, (_, i) => (i / 200).toFixed(3)).join(', '));
    await page.getByLabel('Seeds', { exact: true }).fill('64');
    const plan = page.getByRole('region', { name: 'Plan' });
    await expect(plan.getByRole('alert')).toContainText('2,000');
    await expect(plan.getByRole('alert')).toContainText('too-many-runs');
    await page.getByRole('button', { name: 'Submit experiment' }).click();
    await expect(plan.getByRole('alert')).toContainText('2,000');
    await expect(page).toHaveURL(/\/experiments\/new/);
  });
});
