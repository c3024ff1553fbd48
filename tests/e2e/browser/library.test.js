// Many transcripts in a real browser, against the real server: SERVER, DATA as in page.test.js.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { checkBarriers, checkNarrow, job, open, page, row, SERVER, test, testComplaints, transcribe, until } from './stage.js';

const names = () => page.locator('.row-name').allTextContents();

// The names of a ZIP's files, from its directory at the end.
function namesOfZip(path) {
  const zip = readFileSync(path);
  const found = [];
  for (let at = zip.indexOf('PK\x01\x02', 0, 'latin1'); at >= 0; at = zip.indexOf('PK\x01\x02', at + 4, 'latin1')) {
    found.push(zip.toString('utf8', at + 46, at + 46 + zip.readUInt16LE(at + 28)));
  }
  return found.sort();
}

async function exportZip(click) {
  await click();
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Download ZIP' }).click()]);
  return namesOfZip(await download.path());
}

test('three transcripts', async () => {
  await transcribe('jfk.flac', 'speech.flac');
  await transcribe('lj001_0004.mp3', 'book one.mp3');
  await transcribe('lj001_0005.mp3', 'book two.mp3');
  await row('book two.mp3').waitFor();
});

test('a transcript is renamed and tagged, and found by both', async () => {
  await page.getByRole('button', { name: 'More for book one.mp3' }).click();
  await page.getByRole('menuitem', { name: 'Name and tags' }).click();
  await page.getByLabel('Name', { exact: true }).fill('Printing, part 1');
  await page.getByLabel('Tags', { exact: true }).fill('book');
  await page.getByLabel('Tags', { exact: true }).press('Enter');
  await page.getByLabel('Tags', { exact: true }).fill('english');
  await checkBarriers(page, 'name and tags');
  await page.getByRole('button', { name: 'Keep' }).click();
  await row('Printing, part 1').getByRole('button', { name: 'english' }).waitFor();
  await page.reload();
  await row('Printing, part 1').waitFor();
  assert.deepEqual((await job('Printing')).tags, ['book', 'english']);
  await open('#/search?q=printing');
  await page.getByRole('link', { name: 'Printing, part 1' }).first().click();
  await page.getByRole('heading', { name: 'Printing, part 1' }).waitFor();
});

test('several are chosen, tagged and shown alone', async () => {
  await open('#/');
  await page.getByRole('checkbox', { name: 'Select book two.mp3' }).check();
  await page.getByText('1 selected').waitFor();
  await page.getByRole('checkbox', { name: 'Select Printing, part 1' }).click({ modifiers: ['Shift'] });
  await page.getByText('2 selected').waitFor();
  await checkBarriers(page, 'rows that are chosen');
  await checkNarrow(page, 'rows that are chosen');
  await page.getByRole('button', { name: 'Add tags' }).click();
  await page.getByLabel('Tags', { exact: true }).fill('to read');
  await page.getByRole('button', { name: 'Keep' }).click();
  await page.getByRole('button', { name: 'to read: 2 transcripts' }).click();
  await until(async () => (await names()).length === 2, 'two are shown');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'book: 1 transcript' }).click();
  await until(async () => (await names()).join() === 'Printing, part 1', 'one is shown');
  await page.getByRole('button', { name: 'All', exact: true }).click();
  await until(async () => (await names()).length === 3, 'all are shown');
});

test('many are taken along as a ZIP', async () => {
  await page.getByRole('checkbox', { name: 'Select speech.flac' }).check();
  await page.getByRole('checkbox', { name: 'Select Printing, part 1' }).check();
  assert.deepEqual(await exportZip(() => page.getByRole('button', { name: 'Export as ZIP' }).click()), ['Printing, part 1.srt', 'Printing, part 1.txt', 'speech.srt', 'speech.txt']);
  await page.keyboard.press('Escape');
  const all = await exportZip(async () => {
    await page.getByRole('button', { name: 'More for the list' }).click();
    await page.getByRole('menuitem', { name: 'Export all as ZIP' }).click();
    await page.getByLabel('Plain text').uncheck();
    await page.getByLabel('Web subtitles').check();
  });
  assert.deepEqual(all, ['Printing, part 1.srt', 'Printing, part 1.vtt', 'book two.srt', 'book two.vtt', 'speech.srt', 'speech.vtt']);
});

test('several are deleted at once, with a way back', async () => {
  const remove = async () => {
    for (const name of ['speech.flac', 'book two.mp3']) await page.getByRole('checkbox', { name: `Select ${name}` }).check();
    await page.locator('.chosen-bar').getByRole('button', { name: 'Delete' }).click();
    await until(async () => (await names()).join() === 'Printing, part 1', 'one is left');
  };
  await remove();
  await page.getByRole('button', { name: 'Undo' }).click();
  await until(async () => (await names()).length === 3, 'they are back');
  await remove();
  await page.getByRole('button', { name: 'Close' }).first().click();
  await until(async () => (await (await fetch(`${SERVER}/api/jobs`)).json()).jobs.length === 1, 'they are gone from the server');
});

test('a name from right to left, and one that is long, fit', async () => {
  const { id } = await job('Printing');
  for (const title of ['שלום עולם.mp3', 'x'.repeat(200)]) {
    await fetch(`${SERVER}/api/jobs/${id}`, { method: 'PATCH', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ title }) });
    await row(title).waitFor();
    await checkNarrow(page, title);
  }
});

testComplaints();
