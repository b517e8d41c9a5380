/**
 * A collector of traces, for tests: what OTLP brings over HTTP as JSON.
 *
 * @module
 */

/** A span as it came. */
export interface CollectedSpan {
  /** `service.name` of its process. */
  readonly service: string;
  readonly name: string;
  readonly kind: "internal" | "server" | "client";
  readonly traceId: string;
  readonly spanId: string;
  /** `""`: the span is a root. */
  readonly parentSpanId: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly failed: boolean;
  /** The messages of the exceptions recorded. */
  readonly exceptions: readonly string[];
}

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly intValue?: string | number };
}

interface OtlpSpan {
  readonly name: string;
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly attributes?: readonly Attribute[];
  readonly status?: { readonly code?: number };
  readonly events?: readonly { readonly attributes?: readonly Attribute[] }[];
}

interface OtlpTraces {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[];
  }[];
}

const KINDS = { 1: "internal", 2: "server", 3: "client" } as const;
const STATUS_ERROR = 2;

/** Listens on this machine alone. */
export class Collector implements AsyncDisposable {
  /** All that has come so far. */
  readonly spans: CollectedSpan[] = [];
  readonly #server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    (request) => this.#receive(request),
  );

  /** The environment of a process that exports to here. */
  environment(service: string): Record<string, string> {
    return {
      OTEL_DENO: "true",
      OTEL_SERVICE_NAME: service,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${this.#server.addr.port}`,
      OTEL_BSP_SCHEDULE_DELAY: "50",
    };
  }

  /** Stops. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  async #receive(request: Request): Promise<Response> {
    const body = await request.text();
    if (new URL(request.url).pathname === "/v1/traces") this.#keep(JSON.parse(body));
    return Response.json({});
  }

  #keep(traces: OtlpTraces): void {
    for (const { resource, scopeSpans } of traces.resourceSpans) {
      const service = texts(resource.attributes)["service.name"] ?? "";
      for (const span of scopeSpans.flatMap(({ spans }) => spans)) {
        const { name, traceId, spanId, parentSpanId = "", events = [] } = span;
        this.spans.push({
          service,
          name,
          kind: KINDS[span.kind as keyof typeof KINDS],
          traceId,
          spanId,
          parentSpanId,
          attributes: texts(span.attributes),
          failed: span.status?.code === STATUS_ERROR,
          exceptions: events.map(({ attributes }) => texts(attributes)["exception.message"] ?? ""),
        });
      }
    }
  }
}

function texts(attributes: readonly Attribute[] = []): Record<string, string> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [key, `${value.stringValue ?? value.intValue}`]),
  );
}
