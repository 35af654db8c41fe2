// The control of `drain.py`: PouchDB sends a queue to pouchdb-server. `node pouchdb.js FOLDER PORT BATCH < queue.ndjson`,
// with NODE_PATH at a folder that holds pouchdb and pouchdb-server; prints the seconds that the replication took.
const { spawn } = require("child_process");
const fs = require("fs");
const path = require("path");
const PouchDB = require("pouchdb");

async function main(folder, port, batch) {
  fs.mkdirSync(path.join(folder, "server"), { recursive: true });
  const program = require.resolve("pouchdb-server/bin/pouchdb-server");
  const options = ["--port", port, "--dir", path.join(folder, "server"), "--no-stdout-logs", "--config", path.join(folder, "config.json")];
  const server = spawn(process.execPath, [program, ...options], { cwd: folder, stdio: "ignore" });
  try {
    const lines = fs.readFileSync(0, "utf8").trim().split("\n");
    const queue = new PouchDB(path.join(folder, "queue"));
    await queue.bulkDocs(lines.map((line, number) => ({ _id: String(number).padStart(8, "0"), ...JSON.parse(line) })));
    const there = `http://127.0.0.1:${port}/scans`;
    for (let tries = 0; ; tries += 1) {
      try { await fetch(`http://127.0.0.1:${port}/`); break; } catch (error) { if (tries > 600) throw error; }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const begun = process.hrtime.bigint();
    const result = await queue.replicate.to(there, { batch_size: Number(batch) });
    const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
    if (result.docs_written !== lines.length) throw new Error(`${result.docs_written} of ${lines.length} arrived`);
    console.log(seconds);
  } finally {
    server.kill();
  }
}

main(...process.argv.slice(2)).then(() => process.exit(0), (error) => { console.error(error); process.exit(1); });
