import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { Directory } from "../people/directory.ts";
import { type Fault, findFault } from "../service/fault.ts";
import { Refusal } from "../service/refusal.ts";
import type { NextLinks } from "./next-link.ts";
import { PageCache } from "./page-cache.ts";
import type { UserQuery } from "./user-query.ts";

/** A request for a page of a listing. */
export interface UserPageRequest {
  /** The listing. */
  readonly query: UserQuery;
  /** First slot of the page. */
  readonly slot: number;
  /** Number of the page, from 1. */
  readonly page: number;
  /** URL of the request. */
  readonly url: string;
  /** Whether to compress the body. */
  readonly gzip: boolean;
  /** What goes wrong. */
  readonly faults: readonly Fault[];
}

const compress = promisify(gzip);

/** Makes and caches the bodies of pages: a benchmark reads the same pages again and again. */
export class UserPages {
  readonly #directory: Directory;
  readonly #links: NextLinks;
  readonly #origin: () => string;
  readonly #cache: PageCache;

  constructor(directory: Directory, links: NextLinks, origin: () => string, cacheBytes: number) {
    this.#directory = directory;
    this.#links = links;
    this.#origin = origin;
    this.#cache = new PageCache(cacheBytes);
  }

  /** The bytes of a page. */
  async body(request: UserPageRequest): Promise<Buffer> {
    if (findFault(request.faults, "expiredPageToken")) {
      const message =
        "The specified page token value has expired and can no longer be included in your request.";
      throw new Refusal(400, "Directory_ExpiredPageToken", message);
    }
    const { version } = this.#directory;
    const cacheable = request.faults.length === 0;
    const key = `${request.query.key} ${request.query.counts} ${request.slot} ${request.page} ${request.gzip}`;
    const cached = cacheable ? this.#cache.get(key, version) : undefined;
    if (cached !== undefined) return cached;
    const whole = JSON.stringify(this.#render(request));
    const text = Buffer.from(findFault(request.faults, "editBody")?.edit(whole) ?? whole);
    const body = request.gzip ? await compress(text, { level: 1, chunkSize: 256 * 1024 }) : text;
    if (cacheable) this.#cache.set(key, version, body);
    return body;
  }

  #render({ query, slot, page, url, faults }: UserPageRequest): unknown {
    const filter = findFault(faults, "ignoreFilter") ? undefined : query.filter;
    const skipped = findFault(faults, "emptyPage") !== undefined;
    const { indexes, next } = skipped
      ? { indexes: [], next: slot }
      : this.#directory.page(filter, slot, query.top);
    let rows = indexes.map((index) => this.#directory.row(index, query.columns));
    let link = next === undefined ? undefined : this.#links.format(this.#origin(), query, next, page + 1);
    for (const fault of faults) {
      switch (fault.kind) {
        case "duplicate":
          rows.push(...this.#first(query, fault.count));
          break;
        case "omitUsers":
          rows = rows.slice(0, Math.max(0, rows.length - fault.count));
          break;
        case "rowWithoutId":
          delete rows[0]?.id;
          break;
        case "endEarly":
          link = undefined;
          break;
        case "repeatNextLink":
          link = url;
          break;
        case "foreignNextLink":
          link = `${fault.origin}${(link ?? url).slice(this.#origin().length)}`;
          break;
      }
    }
    const columns = query.select === undefined ? "" : `(${query.select.join(",")})`;
    return {
      "@odata.context": `${this.#origin()}/v1.0/$metadata#users${columns}`,
      ...(query.counts && page === 1 ? { "@odata.count": this.#directory.count(query.filter) } : {}),
      ...(link === undefined ? {} : { "@odata.nextLink": link }),
      value: rows,
    };
  }

  #first(query: UserQuery, count: number): Record<string, unknown>[] {
    const { indexes } = this.#directory.page(query.filter, 0, count);
    return indexes.map((index) => this.#directory.row(index, query.columns));
  }
}
