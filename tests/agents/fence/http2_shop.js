"use strict";
// A shop over HTTP/2, as most are: one connection for everything. Prints its port, then a line for every order.
const http2 = require("http2");
const {readFileSync} = require("fs");
const [file, ends] = process.argv.slice(2);
const pem = readFileSync(file);
const asking = "go.addEventListener('click', () => setInterval(() => fetch('/status').catch(() => 0), 20))";
const form = "<form method=post action=/order><button id=go>Place order</button></form>";
const pages = {
  "/": form + (ends === "later" ? `<script>${asking}</script>` : ""),
  "/status": " ".repeat(400),
  "/basket": "<title>Basket</title>",
  "/thanks": "<title>Thanks</title>",
};
const server = http2.createSecureServer({key: pem, cert: pem});
server.on("stream", (stream, headers) => {
  const {session} = stream;
  stream.on("error", () => {});
  session.on("error", () => {});
  if (headers[":method"] !== "POST") {
    stream.respond({":status": 200, "content-type": "text/html"});
    stream.end(pages[headers[":path"]] || "");
    return;
  }
  console.log("order");
  if (ends === "answered") {
    stream.respond({":status": 303, location: "/thanks"});
    stream.end();
    setTimeout(() => session.close(), 5);
  } else if (ends === "cut") session.socket.destroy();
  else if (ends === "farewell") { session.goaway(); session.destroy(); }
  else setTimeout(() => session.destroy(), 300);
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
