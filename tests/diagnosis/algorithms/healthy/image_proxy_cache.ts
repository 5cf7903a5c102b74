import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";

interface Entry {
  body: Buffer;
  etag: string;
  type: string;
}

export class LruBytes {
  private readonly entries = new Map<string, Entry>();
  private bytes = 0;

  constructor(private readonly maxBytes: number) {}

  get(key: string): Entry | undefined {
    const hit = this.entries.get(key);
    if (hit) {
      this.entries.delete(key); // <- hot 11
      this.entries.set(key, hit); // <- hot 14
    }
    return hit;
  }

  set(key: string, entry: Entry): void {
    this.entries.set(key, entry);
    this.bytes += entry.body.length;
    for (const [oldest, old] of this.entries) {
      if (this.bytes <= this.maxBytes) break;
      this.entries.delete(oldest);
      this.bytes -= old.body.length;
    }
  }
}

type Fetcher = (url: string) => Promise<{ body: Buffer; type: string }>;

export function imageProxy(cache: LruBytes, fetchImage: Fetcher) {
  return async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const url = new URL(req.url ?? "/", "http://localhost").searchParams.get("src") ?? ""; // <- hot 25
    let entry = cache.get(url);
    if (!entry) {
      const { body, type } = await fetchImage(url);
      entry = { body, type, etag: createHash("sha1").update(body).digest("hex") }; // <- hot 34
      cache.set(url, entry);
    }
    res.setHeader("ETag", entry.etag);
    res.setHeader("Content-Type", entry.type);
    res.end(entry.body);
  };
}
