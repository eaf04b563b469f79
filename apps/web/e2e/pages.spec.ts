import AxeBuilder from '@axe-core/playwright';
import { expect, type Page, test } from '@playwright/test';
import { finishedExperiment, quickClaim } from './platform.ts';

/** Every page of the dashboard, with data that exists. */
async function addresses(request: Parameters<typeof finishedExperiment>[0]): Promise<{ name: string; path: string }[]> {
  const experiment = await finishedExperiment(request);
  const runs: { items: { id: string }[] } = await (await request.get(`/api/experiments/${experiment.id}/runs`)).json();
  const { claim } = await quickClaim(request, 'quantization');
  return [
    { name: 'overview', path: '/' },
    { name: 'claims', path: '/claims' },
    { name: 'claims, none found', path: '/claims?q=zzzzzz' },
    { name: 'claim', path: `/claims/${claim.id}` },
    { name: 'claim without protocol', path: '/claims/0.0' },
    { name: 'papers', path: '/papers' },
    { name: 'paper', path: `/papers/${claim.paper.number}` },
    { name: 'techniques', path: '/techniques' },
    { name: 'technique', path: '/techniques/round-to-nearest' },
    { name: 'experiments', path: '/experiments' },
    { name: 'new experiment', path: '/experiments/new' },
    { name: 'new experiment, filled in', path: '/experiments/new?technique=round-to-nearest' },
    { name: 'experiment', path: `/experiments/${experiment.id}` },
    { name: 'run', path: `/runs/${runs.items[0]?.id}` },
    { name: 'system', path: '/system' },
    { name: 'nothing there', path: '/nowhere' },
    { name: 'unknown claim', path: '/claims/99999.0' },
  ];
}

/** The page has its data: no place is held any more. */
async function settled(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await expect(page.getByRole('heading', { level: 1 }).or(page.getByRole('alert')).first()).toBeVisible();
  await expect(page.locator('[role="status"][aria-label^="Loading"]')).toHaveCount(0, { timeout: 20_000 });
}

for (const colorScheme of ['light', 'dark'] as const) {
  test(`no page has an accessibility violation, ${colorScheme}`, async ({ browser, request, baseURL }) => {
    test.setTimeout(240_000);
    const context = await browser.newContext({
      colorScheme,
      baseURL: baseURL ?? '',
      viewport: { width: 1440, height: 900 },
    });
    const page = await context.newPage();
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(`${page.url()}: ${error.message}`));
    for (const { name, path } of await addresses(request)) {
      await settled(page, path);
      const { violations } = await new AxeBuilder({ page })
        .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'])
        .analyze();
      for (const { id, nodes } of violations) {
        problems.push(`${name}: ${id}: ${nodes.map((node) => node.html.slice(0, 160)).join(' | ')}`);
      }
    }
    expect(problems).toEqual([]);
    await context.close();
  });
}

for (const width of [390, 768, 1440]) {
  test(`no page is wider than a screen of ${width} pixels`, async ({ page, request }) => {
    test.setTimeout(180_000);
    await page.setViewportSize({ width, height: 844 });
    const wide: string[] = [];
    for (const { name, path } of await addresses(request)) {
      await settled(page, path);
      const beyond = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      if (beyond > 0) wide.push(`${name}: ${beyond} px`);
    }
    expect(wide).toEqual([]);
  });
}

test('everything is reached by keyboard: the palette finds a claim, filters are in the address', async ({
  page,
  request,
}) => {
  const { claim } = await quickClaim(request, 'quantization');
  await page.goto('/');
  await page.keyboard.press('Control+k');
  const palette = page.getByRole('dialog', { name: 'Search and commands' });
  await palette.getByRole('combobox').fill(claim.statement.slice(0, 40));
  await expect(palette.getByRole('option').first()).toContainText(claim.statement.slice(0, 20));
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(new RegExp(`/claims/${claim.id.replace('.', '\\.')}$`));

  await page.keyboard.press('Control+k');
  await palette.getByRole('combobox').fill('claims');
  await palette.getByRole('option', { name: 'Claims', exact: true }).click();
  await expect(page).toHaveURL(/\/claims$/);
  await page.keyboard.press('/');
  await page.keyboard.type('quantization');
  await expect(page).toHaveURL(/q=quantization/);
  await page.getByLabel('Family').selectOption('norm');
  await expect(page).toHaveURL(/family=norm/);
  await page.reload();
  await expect(page.getByLabel('Family')).toHaveValue('norm');
  await expect(page.getByLabel('Search statements and papers')).toHaveValue('quantization');
  await page.goBack();
  await expect(page).not.toHaveURL(/family=norm/);
});

test('the theme is the system’s until another is chosen, and the choice stays', async ({ browser, baseURL }) => {
  const context = await browser.newContext({ colorScheme: 'dark', baseURL: baseURL ?? '' });
  const page = await context.newPage();
  const lightness = () =>
    page.evaluate(() => {
      const canvas = document.createElement('canvas').getContext('2d');
      if (!canvas) throw new Error('no canvas');
      canvas.fillStyle = getComputedStyle(document.documentElement).backgroundColor;
      canvas.fillRect(0, 0, 1, 1);
      return canvas.getImageData(0, 0, 1, 1).data[0] ?? 0;
    });
  await page.goto('/');
  expect(await lightness()).toBeLessThan(60);
  await page.getByRole('button', { name: 'Theme: system' }).click();
  await page.getByRole('menuitemradio', { name: 'Light' }).click();
  await expect.poll(lightness).toBeGreaterThan(200);
  await page.reload();
  expect(await lightness()).toBeGreaterThan(200);
  await context.close();
});
