// What the tests of the page share: a browser, the real server (SERVER), clips (DATA) and a cable between
// the two that can be cut. One page for all tests of a file, in order, as one person would use it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, test as run } from 'node:test';
import { chromium } from 'playwright-core';

export const { DATA, FOLDER } = process.env;
const [host, port] = new URL(process.env.SERVER).host.split(':');
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core'), 'utf8');
export const patience = Number(process.env.PATIENCE ?? 30_000);

// Between browser and server, so that the connection can be cut, and uploads be held up after so many bytes.
const sockets = new Set();
const held = new Set();
let isCut = false;
let uploadMax = Infinity;
const cable = createServer((near) => {
  if (isCut) return near.destroy();
  const far = connect(Number(port), host);
  let sent = 0; // of the request at work
  near.on('data', (bytes) => {
    sent = /^[A-Z]+ \//.test(bytes.subarray(0, 9).toString('latin1')) ? bytes.length : sent + bytes.length;
    far.write(bytes);
    if (sent > uploadMax) held.add(near.pause());
  });
  near.on('end', () => far.end());
  far.pipe(near);
  for (const [one, other] of [[near, far], [far, near]]) {
    sockets.add(one);
    one.on('error', () => other.destroy());
    one.on('close', () => sockets.delete(one) && other.destroy());
  }
});
await new Promise((resolve) => cable.listen(0, '127.0.0.1', resolve));
export const SERVER = `http://127.0.0.1:${cable.address().port}`;

export function letUploads(max) {
  uploadMax = max;
  for (const socket of held) socket.resume();
  held.clear();
}

export function cut(does) {
  isCut = does;
  if (does) for (const socket of sockets) socket.destroy();
}

// The server itself: 'kill' gives it no time to say anything, 'stop' does; 'start' waits until it is ready.
export async function tellServer(deed) {
  const answer = await fetch(`${process.env.CONTROL}/${deed}`, { method: 'POST' });
  assert.ok(answer.ok, deed);
}

let browser;
export let page;
export let network;
export const complaints = [];

// Each test begins where the one before has ended: after a failure there is nothing more to learn.
let isBroken = false;
export function test(name, steps) {
  run(name, async (context) => {
    if (isBroken) return context.skip('an earlier one failed');
    isBroken = true;
    try {
      await steps();
    } catch (error) {
      if (FOLDER) await page?.screenshot({ path: join(FOLDER, 'failed.png') }).catch(() => {}); // how it looked then
      throw error;
    }
    isBroken = false;
  });
}

before(async () => {
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ['--no-sandbox', '--autoplay-policy=no-user-gesture-required', '--mute-audio', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'] });
  page = await (await browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage();
  network = await page.context().newCDPSession(page);
  watch(page);
  await page.goto(SERVER);
});

// Every complaint of a page, and every request to elsewhere, is kept for the last test.
export function watch(page) {
  page.setDefaultTimeout(patience);
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
  page.on('console', (message) => {
    // While the connection is cut on purpose the browser says so.
    if (message.type() === 'error' && !/net::ERR_/.test(message.text())) complaints.push(`console: ${message.text()}`);
  });
  page.on('request', (request) => {
    const address = request.url();
    if (!address.startsWith(SERVER) && !/^(blob|data):/.test(address)) complaints.push(`request to ${address}`);
  });
}

after(async () => {
  await browser.close();
  cut(true);
  cable.close();
});

export const job = async (name) => {
  const { jobs } = await (await fetch(`${SERVER}/api/jobs?q=${name}`)).json();
  return jobs[0];
};
export const row = (name) => page.locator('.row', { hasText: name });
export const open = async (hash) => {
  await page.goto(`${SERVER}/${hash}`);
  await page.locator('h1, .empty').first().waitFor();
};
export const until = async (condition, what, timeout = patience) => {
  const end = Date.now() + timeout;
  while (Date.now() < end) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`never: ${what}`);
};

// -1: no limit.
export async function limitUpload(bytesPerSecond) {
  await network.send('Network.enable');
  await network.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: bytesPerSecond });
}

// Puts a clip into the server, and waits for its transcript; the id of its job.
export async function transcribe(name, title = name) {
  const form = new FormData();
  form.set('word_timestamps', 'true');
  form.set('file', new Blob([readFileSync(join(DATA, name))]), title);
  const { id } = await (await fetch(`${SERVER}/api/jobs`, { method: 'POST', body: form })).json();
  await until(async () => (await (await fetch(`${SERVER}/api/jobs/${id}`)).json()).state === 'completed', `${name} is transcribed`);
  return id;
}

// As it is now: no serious barrier, in light and dark.
export async function checkBarriers(page, what) {
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.waitForTimeout(200);
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => window.axe.run());
    const serious = violations.filter((one) => ['serious', 'critical'].includes(one.impact));
    assert.deepEqual(serious.map((one) => [one.id, one.nodes[0].html, one.nodes[0].failureSummary]), [], `${what} ${colorScheme}`);
  }
}

const narrowMs = 5000; // charts follow a moment later

export async function checkNarrow(page, what) {
  const size = page.viewportSize();
  await page.setViewportSize({ width: 320, height: 640 });
  await page.waitForTimeout(100);
  await until(() => page.evaluate(() => document.documentElement.scrollWidth <= 320), `${what} fits 320 px`, narrowMs);
  await page.setViewportSize(size);
}

// `others`: what the browser mentions besides, where it is meant to.
export function testComplaints(others = /^$/) {
  test('nothing went wrong unseen, and nothing came from elsewhere', () => {
    // What is not there, is not allowed, or was changed meanwhile: the browser mentions it.
    assert.deepEqual(complaints.filter((one) => !/status of 4(00|04|12)/.test(one) && !others.test(one)), []);
  });
}
