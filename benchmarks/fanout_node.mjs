// The fan-out benchmark's server with the `ws` package: node benchmarks/fanout_node.mjs PATH_TO_WS
import { createInterface } from "node:readline";
import { createRequire } from "node:module";

const { WebSocketServer } = createRequire(process.argv[2] + "/")("ws");
const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });
const pad = "x".repeat(120);
let number = 0;

server.on("listening", () => console.log(server.address().port));
const now = () => Number(process.hrtime.bigint());

createInterface({ input: process.stdin }).on("line", (line) => {
  const [rate, seconds] = line.split(" ").map(Number);
  const began = now() / 1e9;
  const due = Math.round(rate * seconds);
  let sent = 0;
  const tick = () => {
    const ready = Math.min(due, Math.floor((now() / 1e9 - began) * rate) + 1);
    for (; sent < ready; sent += 1) {
      const text = `{"bench":${number++},"at":${now()},"pad":"${pad}"}`;
      for (const client of server.clients) client.send(text);
    }
    if (sent < due) setTimeout(tick, 2);
    else console.log(`sent ${due} ${now() / 1e9 - began}`);
  };
  tick();
}).on("close", () => process.exit(0));
