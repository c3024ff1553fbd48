// The server dies and comes back while the page is open, in a real browser: SERVER, CONTROL (which kills and
// starts it), DATA and FOLDER as in page.test.js. Nobody touches the page meanwhile.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeSilence } from './clips.js';
import { FOLDER, job, letUploads, limitUpload, open, page, patience, row, SERVER, tellServer, test, testComplaints, transcribe, until } from './stage.js';

const banner = (page) => page.getByText('The server does not answer');

async function die(how) {
  await tellServer(how);
  await banner(page).waitFor();
}

async function comeBack() {
  await tellServer('start');
  await banner(page).waitFor({ state: 'detached' });
}

const setting = (name, value) =>
  fetch(`${SERVER}/api/performance/settings`, { method: 'PATCH', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ [name]: value }) });

// In one piece, and in parts that are sent at the same time.
for (const [how, partBytes, title] of [['kill', 52_428_800, 'in one piece'], ['stop', 1_048_576, 'in parts']]) {
  test(`an upload ${title} goes on by itself after a ${how} of the server in its middle`, async () => {
    const path = join(FOLDER, `silence ${how}.wav`);
    writeSilence(path, 300);
    await setting('chunk_upload_size', partBytes);
    await open('#/');
    await limitUpload(1_500_000);
    await page.getByTestId('files').setInputFiles(path);
    const bar = page.getByRole('progressbar', { name: `Upload of silence ${how}.wav` });
    const sent = async () => Number(await bar.getAttribute('aria-valuenow'));
    await until(async () => (await sent()) > 20, 'bytes are sent');
    await die(how);
    assert.ok((await sent()) < 100, 'it was in the middle');
    await limitUpload(-1);
    await comeBack();
    await until(async () => (await job(`silence ${how}`))?.state === 'completed', 'it is sent and transcribed');
    await bar.waitFor({ state: 'detached' });
    await row(`silence ${how}.wav`).getByText('Done').waitFor({ state: 'attached' });
    const media = await fetch(`${SERVER}/api/jobs/${(await job(`silence ${how}`)).id}/media`);
    assert.ok(Buffer.from(await media.arrayBuffer()).equals(readFileSync(path)), 'the server has every byte');
  });
}

test('live text, its queue and what waits behind it go on', async () => {
  await setting('chunk_upload_size', 52_428_800);
  await open('#/');
  letUploads(2_500_000); // of 4.6 MB: some windows are there, the job waits for the rest
  await page.getByTestId('files').setInputFiles(join(FOLDER, 'long talk.wav'));
  await row('long talk.wav').locator('.row-line', { hasText: '\u201c' }).waitFor({ timeout: 3 * patience });
  await die('kill');
  await row('long talk.wav').waitFor();
  await comeBack();
  await row('long talk.wav').locator('.row-facts', { hasText: 'Transcribing' }).waitFor();
  await row('long talk.wav').getByRole('link').click();
  await page.locator('.text.live [data-word]').first().waitFor();
  const before = await page.locator('.text').innerText();
  await die('kill');
  assert.equal(await page.locator('.text').innerText(), before, 'what was there stays');
  await comeBack();
  letUploads(Infinity);
  await page.locator('.text:not(.live) [data-word]').first().waitFor({ timeout: 3 * patience });
  const { id, state } = await job('long');
  assert.equal(state, 'completed');
  const stored = await (await fetch(`${SERVER}/api/jobs/${id}/transcript.txt`)).text();
  const words = (text) => text.replace(/^\d+:\d\d$/gm, '').match(/\S+/g).join(' ');
  await until(async () => words(await page.locator('.text').innerText()) === words(stored), 'the page has what the server has');
  await open('#/');
  await row('long talk.wav').getByText('Done').waitFor({ state: 'attached' });
});

test('the live values of the machine go on', async () => {
  await open('#/performance');
  const line = page.locator('.number-card polyline').first();
  const shape = () => line.getAttribute('points');
  await line.waitFor({ state: 'attached' }); // flat while nothing runs
  await die('stop');
  const before = await shape();
  await comeBack();
  await until(async () => (await shape()) !== before, 'the last minute moves');
  const now = await shape();
  await until(async () => (await shape()) !== now, 'it goes on moving');
});

test('what is written while the server is gone is saved when it is back', async () => {
  const id = await transcribe('jfk.flac');
  await open(`#/transcript/${id}?edit`);
  await page.locator('.cue-text').first().click();
  await page.locator('.cue-input:focus').waitFor();
  await die('kill');
  await page.keyboard.press('Home');
  await page.keyboard.type('Meanwhile, ');
  await page.getByText('Not saved').waitFor();
  await comeBack();
  await page.getByText('Saved', { exact: true }).waitFor();
  const { segments } = await (await fetch(`${SERVER}/api/jobs/${id}/transcript.json`)).json();
  assert.match(segments[0].text, /^ ?Meanwhile, /);
});

testComplaints(/status of 503/); // a server that starts or stops says so
