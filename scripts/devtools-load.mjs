// Loads a .heapsnapshot with the code of a Chromium's own DevTools and prints what they make of it.
//   node scripts/devtools-load.mjs FILE.heapsnapshot [chromium]
// The browser runs headless only to hand out the modules of its DevTools.
import { spawn } from 'node:child_process';
import { mkdtempSync, mkdirSync, rmSync, writeFileSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const [file, browser = 'chromium'] = process.argv.slice(2);
const folder = mkdtempSync(path.join(tmpdir(), 'devtools-'));
const chromium = spawn(browser, ['--headless=new', '--no-sandbox', '--disable-gpu', '--remote-debugging-port=0', `--user-data-dir=${folder}/profile`, 'about:blank'], { stdio: ['ignore', 'ignore', 'pipe'] });
const port = await new Promise((found, failed) => {
  let text = '';
  chromium.stderr.on('data', d => { text += d; const m = /ws:\/\/127\.0\.0\.1:(\d+)\//.exec(text); if (m) found(m[1]); });
  chromium.on('exit', () => failed(new Error('the browser ended:\n' + text)));
});
try {
  const seen = new Set();
  async function fetchModule(url) {
    if (seen.has(url)) return;
    seen.add(url);
    const answer = await fetch(`http://127.0.0.1:${port}/devtools/${url}`);
    if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
    const text = await answer.text();
    mkdirSync(path.join(folder, path.dirname(url)), { recursive: true });
    writeFileSync(path.join(folder, url), text);
    for (const m of text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*["'](\.[^"']+)["']/g))
      if (!m[1].includes('/node/')) await fetchModule(path.posix.join(path.posix.dirname(url), m[1]));
  }
  const main = 'entrypoints/heap_snapshot_worker/heap_snapshot_worker.js';
  await fetchModule(main);
  writeFileSync(path.join(folder, 'package.json'), '{"type":"module"}');
  Promise.withResolvers ??= function () { let resolve, reject; const promise = new Promise((a, b) => { resolve = a; reject = b; }); return { promise, resolve, reject }; };
  globalThis.window = globalThis.self = globalThis; // they choose the browser's half of their modules
  const { HeapSnapshotLoader, HeapSnapshot } = await import(path.join(folder, main));
  const loader = new HeapSnapshotLoader.HeapSnapshotLoader({ sendEvent() { } });
  const text = readFileSync(file, 'utf8');
  for (let at = 0; at < text.length; at += 1 << 20)
    loader.write(text.slice(at, at + (1 << 20)));
  loader.close();
  const channel = new MessageChannel();
  new HeapSnapshot.SecondaryInitManager(channel.port2);
  const snapshot = await loader.buildSnapshot(channel.port1);
  channel.port1.close();
  let retained = 0;
  for (const nodes = snapshot.allNodes(); nodes.hasNext(); nodes.next())
    if (nodes.item().selfSize() > 0) retained += nodes.item().retainedSize();
  console.log(`${snapshot.nodeCount} nodes, ${snapshot.totalSize} bytes, the root retains ${snapshot.rootNode().retainedSize()}, sum of what objects retain ${retained}`);
  const types = Object.values(snapshot.aggregatesWithFilter({})).sort((a, b) => b.self - a.self);
  for (const t of types.slice(0, 8))
    console.log(`${String(t.self).padStart(12)} bytes ${String(t.count).padStart(8)} objects  ${t.name}`);
} finally {
  chromium.kill();
  await new Promise(done => chromium.on('exit', done));
  rmSync(folder, { recursive: true, force: true });
}
