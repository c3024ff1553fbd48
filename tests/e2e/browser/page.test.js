// The page in a real browser, against the real server: SERVER, DATA (clips) and FOLDER (to work in,
// with a "long talk.wav") say where.
//   SERVER=http://127.0.0.1:8090 DATA=../../data FOLDER=/tmp/x node --test page.test.js
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { longTranscript, writeSilence } from './clips.js';
import { framesOf, share } from './frames.js';
import { checkBarriers, checkNarrow, cut, DATA, FOLDER, job, letUploads, limitUpload, open, page, patience, row, SERVER, test, testComplaints, until } from './stage.js';

test('an empty server says how to begin', async () => {
  await page.getByText('No transcripts yet').waitFor();
});

test('a dropped clip becomes a transcript, and its words appear', async () => {
  await page.getByTestId('files').setInputFiles([join(DATA, 'nasa_webb_video.mp4'), join(DATA, 'jfk.flac')]);
  await row('nasa_webb_video.mp4').waitFor();
  await until(async () => (await job('nasa'))?.state === 'completed' && (await job('jfk'))?.state === 'completed', 'both are transcribed');
  await row('nasa_webb_video.mp4').getByText('Done').waitFor({ state: 'attached' });
  await row('nasa_webb_video.mp4').getByRole('link').click();
  await page.locator('[data-word]', { hasText: 'Telescope' }).waitFor();
  assert.match(await page.locator('.text').innerText(), /largest clean rooms in the world/);
});

test('words are there while the file is still being sent', async () => {
  await open('#/');
  letUploads(2_500_000); // of 4.6 MB: two windows are there, and wait for nothing
  await page.getByTestId('files').setInputFiles(join(FOLDER, 'long talk.wav'));
  await row('long talk.wav').locator('.row-line', { hasText: '\u201c' }).waitFor({ timeout: 3 * patience });
  await row('long talk.wav').getByText('Uploading').waitFor();
  await row('long talk.wav').getByRole('link').click();
  await page.locator('.text.live [data-word]').first().waitFor();
  letUploads(Infinity);
  await until(async () => (await job('long'))?.state === 'completed', 'it ends', 3 * patience);
  await page.locator('.text:not(.live) [data-word]').first().waitFor();
});

test('what the microphone hears becomes a transcript', async () => {
  await open('#/');
  await page.getByRole('button', { name: 'Record' }).click();
  await page.getByText('Recording 0:01').waitFor();
  await page.getByRole('button', { name: 'Stop and transcribe' }).click();
  await until(async () => (await job('Recording'))?.state === 'completed', 'it is transcribed', 3 * patience);
  await open(`#/transcript/${(await job('nasa')).id}`);
});

test('a click on a word goes to where it was said', async () => {
  const { segments } = await (await fetch(`${SERVER}/api/jobs/${(await job('nasa')).id}/transcript.json`)).json();
  const [, start] = segments[0].word_data.find(([text]) => text.includes('Telescope'));
  await page.locator('[data-word]', { hasText: 'Telescope' }).click();
  await until(() => page.evaluate((wanted) => Math.abs(document.querySelector('video').currentTime - wanted) < 0.1, start), 'the video is there');
  await page.locator('.spoken').waitFor();
});

test('the underline moves with the sound', async () => {
  const place = () => page.locator('.spoken').evaluate((line) => line.style.transform);
  const first = await place();
  await page.keyboard.press('k');
  await until(async () => (await place()) !== first, 'it moves');
  await page.keyboard.press('k');
  assert.equal(await page.evaluate(() => document.querySelector('video').paused), true);
});

test('finding within the transcript', async () => {
  await page.keyboard.press('/');
  await page.keyboard.type('the w');
  await page.getByText('1 of 2').waitFor();
  await page.keyboard.press('Enter');
  await page.getByText('2 of 2').waitFor();
  assert.equal(await page.locator('.found-now').count(), 2);
  await page.keyboard.press('Escape');
  assert.equal(await page.locator('.find-bar').count(), 0);
});

test('subtitles and documents can be taken along', async () => {
  await page.getByRole('button', { name: 'Export' }).click();
  for (const [label, content] of [
    ['Subtitles (SRT)', /1\r?\n00:00:00,\d+ --> /],
    ['Web subtitles (VTT)', /^WEBVTT/],
    ['Plain text (TXT)', /Telescope/],
    ['Everything (JSON)', /"word_data"/],
    ['Table (TSV)', /^start\tend\ttext/],
    ['Page (HTML)', /^<!doctype html>/],
    ['Document (Markdown)', /^# nasa_webb_video/],
  ]) {
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('menuitem', { name: label }).click()]);
    assert.match(readFileSync(await download.path(), 'utf8'), content);
    await page.getByRole('button', { name: 'Export' }).click();
  }
  await page.keyboard.press('Escape');
});

test('a reload loses nothing', async () => {
  await page.reload();
  await page.locator('[data-word]', { hasText: 'Telescope' }).waitFor();
  await open('#/');
  await row('jfk.flac').waitFor();
});

test('a search over all leads to the moment', async () => {
  await page.keyboard.press('/');
  await page.keyboard.type('country');
  await page.locator('.hit').first().waitFor();
  await page.locator('.hit').first().click();
  await page.locator('.found-now').waitFor();
  const at = Number(new URLSearchParams(page.url().split('?')[1]).get('at'));
  await until(() => page.evaluate((wanted) => Math.abs(document.querySelector('video').currentTime - wanted) < 0.1, at), 'the sound is there');
});

test('an upload goes on where it was, after a cut and after a reload', async () => {
  const path = join(FOLDER, 'long silence.wav');
  writeSilence(path, 600);
  await open('#/');
  await limitUpload(2_000_000);
  await page.getByTestId('files').setInputFiles(path);
  const bar = page.getByRole('progressbar', { name: 'Upload of long silence.wav' });
  const sent = async () => Number(await bar.getAttribute('aria-valuenow'));
  await until(async () => (await sent()) > 10, 'bytes are sent');
  cut(true);
  await new Promise((resolve) => setTimeout(resolve, 700));
  const before = await sent();
  cut(false);
  await until(async () => (await sent()) > before + 10, 'it goes on by itself');
  await page.getByRole('button', { name: 'Pause the upload' }).click();
  await limitUpload(-1);
  await page.reload();
  await page.getByText('Choose the same file again').waitFor();
  await page.getByTestId('files').setInputFiles(path);
  await until(async () => (await job('silence'))?.state === 'completed', 'it is transcribed');
  await row('long silence.wav').getByRole('link').click();
  await page.getByText('No speech was found').waitFor();
});

test('what is no recording fails in words, and is deleted with a way back', async () => {
  await open('#/');
  await page.getByTestId('files').setInputFiles(join(DATA, 'jfk.txt'));
  await row('jfk.txt').getByText('not a media file').waitFor();
  const remove = async () => {
    await page.getByRole('button', { name: 'More for jfk.txt' }).click();
    await page.getByRole('menuitem', { name: 'Delete' }).click();
    await row('jfk.txt').waitFor({ state: 'detached' });
  };
  await remove();
  await page.getByRole('button', { name: 'Undo' }).click();
  await row('jfk.txt').waitFor();
  await remove();
  await page.getByRole('button', { name: 'Close' }).first().click();
  await until(async () => (await job('jfk.txt')) === undefined, 'it is gone from the server');
});

test('a setting is changed, kept and put back', async () => {
  const value = async () => (await (await fetch(`${SERVER}/api/performance/settings`)).json()).settings.find((one) => one.name === 'default_max_workers').value;
  await open('#/settings');
  const field = page.getByLabel('default_max_workers');
  await field.fill('7');
  await field.press('Enter');
  await until(async () => (await value()) === 7, 'the server has it');
  await page.reload();
  await until(async () => (await field.inputValue()) === '7', 'it is shown again');
  await page.getByRole('button', { name: 'Back to 6' }).click();
  await until(async () => (await value()) === 6 && (await field.inputValue()) === '6', 'it is as before');
  await page.getByRole('button', { name: 'Back to 6' }).waitFor({ state: 'detached' });
  await field.fill('9999');
  await field.press('Enter');
  await page.getByRole('alert').filter({ hasText: 'default_max_workers' }).waitFor();
});

test('the performance is live, and advice is followed and taken back', async () => {
  await open('#/performance');
  await page.getByText('Memory of Verbatim').waitFor();
  await until(async () => (await page.locator('.number-card polyline').count()) === 4, 'the last minute grows');
  const memory = () => page.getByRole('figure', { name: 'What does it cost?' }).locator('canvas').evaluate((canvas) => canvas.toDataURL());
  await page.getByRole('figure', { name: 'What does it cost?' }).scrollIntoViewIfNeeded();
  const before = await memory();
  await until(async () => (await memory()) !== before, 'the chart of the memory moves');
  const hide = (isHidden) =>
    page.evaluate((value) => {
      Object.defineProperty(document, 'hidden', { value, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    }, isHidden);
  await hide(true);
  const isLoadedAgain = page.waitForRequest((request) => {
    const from = new URL(request.url()).searchParams.get('from');
    return request.url().includes('/api/performance/history') && from < Date.now() / 1000 - 600;
  });
  await hide(false);
  await isLoadedAgain; // what happened while nobody looked
  await fetch(`${SERVER}/api/performance/settings`, { method: 'PATCH', headers: { 'Content-Type': 'application/json' }, body: '{"enable_memory_cleanup":false}' });
  await page.reload();
  await page.getByRole('button', { name: 'Apply: enable_memory_cleanup = true' }).click();
  await page.getByText('Applied').waitFor();
  const apply = page.getByRole('button', { name: 'Apply: enable_memory_cleanup = true' });
  await apply.waitFor({ state: 'detached' });
  await page.locator('.decisions').getByText('As recommended').waitFor();
  await page.getByRole('button', { name: 'Undo the change of enable_memory_cleanup' }).click();
  await apply.waitFor();
  await page.locator('.decisions').getByText('Taken back').waitFor();
});

test("the requirements' own example runs in the console", async () => {
  const lists = await page.evaluate(async () => {
    const response = await fetch('/api/performance/optimization');
    const data = await response.json();
    const answer = await fetch('/api/performance/optimize', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ force_memory_cleanup: true }),
    });
    return [Array.isArray(data.recommendations), answer.ok];
  });
  assert.deepEqual(lists, [true, true]);
});

test('ten hours of words scroll smoothly', async () => {
  const { id } = await job('nasa');
  const body = longTranscript();
  await page.route('**/transcript.json', (route) => route.fulfill({ body, contentType: 'application/json' }));
  await open(`#/transcript/${id}`);
  await page.getByText('100,000 words').waitFor();
  await page.waitForTimeout(500);
  const frames = await framesOf(page, 90, 120);
  const [median, most] = [share(frames, 0.5), share(frames, 0.95)];
  console.log(`frames of 100,000 words: median ${median.toFixed(1)} ms, 95 % below ${most.toFixed(1)} ms`);
  assert.ok(median < 100, `median of ${median} ms`);
  await page.keyboard.press('/');
  await page.keyboard.type('word99990');
  await page.locator('.found-now', { hasText: 'word99990' }).waitFor();
  await page.unroute('**/transcript.json');
});

test('everything can be reached by keys', async () => {
  await open('#/');
  await page.keyboard.press('?');
  await page.getByRole('dialog').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.reload();
  await page.locator('.row').first().waitFor();
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Skip to the content');
  const reached = new Set();
  for (let step = 0; step < 40; ++step) {
    await page.keyboard.press('Tab');
    reached.add(await page.evaluate(() => document.activeElement.ariaLabel ?? document.activeElement.textContent));
  }
  for (const name of ['Performance', 'Choose files', 'jfk.flac', 'More for jfk.flac']) assert.ok(reached.has(name), `${name} of ${[...reached]}`);
});

test('no place has a serious barrier, nor is it wider than a small phone', async () => {
  const { id } = await job('jfk');
  for (const hash of ['#/', `#/transcript/${id}`, '#/search?q=country', '#/performance', '#/settings', '#/transcript/0']) {
    await open(hash);
    await page.waitForTimeout(200);
    await checkBarriers(page, hash);
    await checkNarrow(page, hash);
  }
});

test('scripts are small', async () => {
  const html = await (await fetch(SERVER)).text();
  let size = 0;
  for (const [, address] of html.matchAll(/"(\/assets\/[^"]+\.js)"/g)) {
    const head = await fetch(SERVER + address, { method: 'HEAD', headers: { 'Accept-Encoding': 'gzip' } });
    size += Number(head.headers.get('content-length'));
  }
  assert.ok(size > 10_000 && size < 200_000, `${size} bytes`);
});

testComplaints();
