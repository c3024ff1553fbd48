// Signs in to the page with a wrong token, then a right one; sends a file, and signs out again.
import { chromium } from 'playwright-core';

const [url, token, file] = process.argv.slice(2);

(async () => {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ['--no-sandbox'] });
  const page = await browser.newPage();
  const errors = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  const enter = async (text) => {
    await page.getByLabel('Token').fill(text);
    await page.getByRole('button', { name: 'Sign in' }).click();
  };
  await page.goto(url);
  await enter('vbt_wrong');
  await page.getByRole('alert').filter({ hasText: 'wrong' }).waitFor();
  await enter(token);
  const choose = page.getByRole('button', { name: 'Choose files' });
  await choose.waitFor();
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), choose.click()]);
  await chooser.setFiles(file);
  await page.getByText('talk.flac').first().waitFor();
  await page.goto(`${url}/#/settings`);
  await page.getByText('Signed in with the token').waitFor();
  if ((await page.evaluate(() => document.cookie)) !== '') throw new Error('a script can read the cookie');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('Token').waitFor();
  if (errors.length > 0) throw new Error(errors.join('\n'));
  await browser.close();
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
