// src/node/studio/server.ts
import { once } from "node:events";
import { access, constants, realpath as realpath2, stat as stat2 } from "node:fs/promises";
import { createServer } from "node:http";
import { join as join2, sep } from "node:path";
import sirv from "sirv";

// src/engine/errors.ts
var NanobardError = class extends Error {
  name = "NanobardError";
  code;
  hint;
  options;
  constructor(code, message, options = {}) {
    super(message, options.cause === void 0 ? void 0 : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.options = options.options ?? [];
  }
};

// src/node/corpus.ts
import { createHash, randomUUID } from "node:crypto";
import { mkdir, readFile, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";

// src/language/data/corpus.ts
var corpora = {
  tinyshakespeare: {
    description: "The tutorial's text: 40,000 lines from Shakespeare's plays",
    characters: 1115394,
    source: {
      url: "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
      sha256: "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"
    }
  },
  plays: {
    description: "Plays in blank verse, made up by nanobard itself: needs no network",
    characters: 1115394
  }
};
var corpusNames = Object.keys(corpora);

// src/language/data/text.ts
var MAX_TEXT_LENGTH = 2 ** 29 - 24;
function decodeText(bytes, name) {
  const nul = bytes.indexOf(0);
  if (nul >= 0) throw notText(name, `byte ${nul} is NUL`);
  let text2;
  try {
    text2 = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    const position = firstInvalid(bytes);
    throw notText(name, `byte ${position} (0x${bytes[position].toString(16)}) is not UTF-8`, cause);
  }
  if (text2 === "")
    throw new NanobardError("file", `${name} is empty`, { hint: "Use a file with text in it." });
  return text2;
}
function notText(name, where, cause) {
  return new NanobardError("file", `${name} is not UTF-8 text: ${where}, counted from 0`, {
    hint: "If it is text in another encoding (UTF-16, Latin-1, \u2026), save it as UTF-8 first.",
    cause
  });
}
function firstInvalid(bytes) {
  const text2 = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  let position = 0;
  for (let from = 0; ; ) {
    const mark = text2.indexOf("\uFFFD", from);
    position += new TextEncoder().encode(text2.slice(from, mark)).length;
    const genuine = bytes[position] === 239 && bytes[position + 1] === 191 && bytes[position + 2] === 189;
    if (!genuine) return position;
    position += 3;
    from = mark + 1;
  }
}

// src/language/options.ts
var rule = (accepts, expected) => ({ accepts, expected });
var text = rule((value) => typeof value === "string", "a string");
var texts = rule(
  (value) => [value].flat().every((each) => typeof each === "string"),
  "a string or several"
);
var path = rule((value) => typeof value === "string" && value !== "", "the path of a folder");
var fileName = rule(
  (value) => typeof value === "string" && /^[^/\\]+$/.test(value),
  "a name that a folder can have"
);
var signal = rule(
  (value) => typeof value === "object" && value !== null && "aborted" in value && "addEventListener" in value,
  "an AbortSignal"
);
var anything = rule(() => true, "anything");
function whole(min) {
  return rule(
    (value) => Number.isSafeInteger(value) && value >= min,
    `a whole number from ${min} on`
  );
}
function number(accepts, expected) {
  return rule((value) => typeof value === "number" && accepts(value), `a number ${expected}`);
}
var deviceRules = { device: text, threads: whole(1), blas: text };

// src/node/corpus.ts
var corpusRules = {
  cacheFolder: path,
  source: anything,
  timeout: number((ms) => ms > 0, "of milliseconds above 0")
};
var sha256 = (data) => createHash("sha256").update(data).digest("hex");
async function cachedCorpus(name, options = {}) {
  const { source } = { ...corpora[name], ...options };
  return source && loadKept(name, await keptAt(name, options), source.sha256);
}
var keptAt = async (name, { cacheFolder }) => join(cacheFolder ?? await userCacheFolder(), `${name}.txt`);
async function loadKept(name, path2, expected) {
  const kept = await readFile(path2).catch(() => void 0);
  if (kept === void 0 || sha256(kept) !== expected) return void 0;
  return { name, text: decodeText(kept, path2), source: "cache", path: path2, sha256: expected };
}
async function userCacheFolder() {
  try {
    const { default: envPaths } = await import("env-paths");
    return envPaths("nanobard", { suffix: "" }).cache;
  } catch {
    return join(tmpdir(), "nanobard");
  }
}

// src/node/studio/headers.ts
import { basename as basename2 } from "node:path";
var headers = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer"
};
var KERNEL = /kernel.*\.js$/;
var policy = (scripts) => `default-src 'none'; script-src ${scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; worker-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
var PAGE = policy("'self' 'wasm-unsafe-eval'");
var KERNEL_WORKER = policy("'self' 'wasm-unsafe-eval' 'unsafe-eval' blob:");
function headersFor(path2) {
  const rules = KERNEL.test(basename2(path2)) ? KERNEL_WORKER : PAGE;
  return new Map(Object.entries({ ...headers, "Content-Security-Policy": rules }));
}

// src/node/studio/server.ts
var ADDRESS = "127.0.0.1";
var DEFAULT_PORTS = Array.from({ length: 20 }, (_, i) => 4240 + i);
var FILE = /^(\/[\w-][\w.-]*)+$/;
async function serveStudio({ folder, port, corpus }) {
  const root = await realpath2(folder).catch(() => folder);
  if (!await isFileIn(root, "/index.html")) {
    throw new NanobardError("file", `there is no tutorial in ${folder}`, {
      hint: "In a clone of nanobard, npm run build makes it; otherwise install nanobard again."
    });
  }
  const serveFile = sirv(root, { dev: true, etag: true, extensions: [] });
  const answer = async (request, response) => {
    const say = (status, text2) => {
      const type = { "Content-Type": "text/plain; charset=utf-8", "Content-Length": Buffer.byteLength(text2) };
      return response.writeHead(status, { ...type, "Cache-Control": "no-store" }).end(text2);
    };
    const [path2 = ""] = request.url?.split("?") ?? [];
    response.setHeaders(headersFor(path2));
    if (!isFromHere(request)) return say(403, "This server answers its own page only.\n");
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.setHeader("Allow", "GET, HEAD");
      return say(405, "There is only GET and HEAD.\n");
    }
    if (path2 === "/tinyshakespeare.txt") {
      const cached = await cachedCorpus("tinyshakespeare", corpus);
      return cached ? say(200, cached.text) : say(404, "tinyshakespeare has not been downloaded yet.\n");
    }
    const file = path2 === "/" ? "/index.html" : path2;
    if (!FILE.test(file) || !await isFileIn(root, file)) return say(404, "There is no such file.\n");
    request.url = file;
    delete request.headers.range;
    return serveFile(request, response);
  };
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  return {
    url: `http://${ADDRESS}:${await listen(server, port)}/`,
    close: () => new Promise((resolve2) => {
      server.close(() => resolve2());
      server.closeAllConnections();
    })
  };
}
async function isFileIn(root, name) {
  try {
    const path2 = await realpath2(join2(root, name));
    await access(path2, constants.R_OK);
    return path2.startsWith(root + sep) && (await stat2(path2)).isFile();
  } catch {
    return false;
  }
}
function isFromHere({ headers: { host, origin }, socket: { localPort } }) {
  const port = localPort === 80 ? "" : `:${localPort}`;
  const own = [ADDRESS, "localhost", "[::1]"].map((name) => `http://${name}${port}`);
  return own.includes(`http://${host}`) && (origin === void 0 || own.includes(origin));
}
async function listen(server, asked) {
  const ports = asked === void 0 ? DEFAULT_PORTS : [asked];
  let failure;
  for (const port of ports) {
    try {
      await once(server.listen(port, ADDRESS), "listening");
      return server.address().port;
    } catch (error) {
      failure = error;
    }
  }
  const reason = failure?.code === "EADDRINUSE" ? "taken" : `not to be had (${failure?.code})`;
  const which = asked === void 0 ? `ports ${ports.at(0)} to ${ports.at(-1)} are` : `port ${asked} is`;
  throw new NanobardError("network", `${which} ${reason}`, {
    hint: "Choose another one.",
    options: ["port"],
    cause: failure
  });
}
export {
  serveStudio
};
