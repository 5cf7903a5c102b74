// The contract, walked by the TypeScript SDK: every transport in both eras of the protocol, all at once.
//
// node contract.mjs '{"pid": 4242, "url": "http://...", "token": "...", "stdio": {WAY: {command, args, cwd}}}'
// Prints one JSON object: by way, what was seen.
import { Client, SSEClientTransport, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

const asked = JSON.parse(process.argv[2]);
const requestInit = { headers: { Authorization: `Bearer ${asked.token}` } };

function transport(way) {
  const [kind] = way.split('-');
  if (kind === 'stdio') return new StdioClientTransport({ ...asked.stdio[way], stderr: 'ignore' });
  if (kind === 'sse') return new SSEClientTransport(new URL(`${asked.url}/sse`), { requestInit });
  return new StreamableHTTPClientTransport(new URL(`${asked.url}/mcp`), { requestInit });
}

async function walk(way) {
  const mode = way.endsWith('legacy') ? 'legacy' : 'auto';
  const client = new Client({ name: 'contract', version: '1' }, { versionNegotiation: { mode } });
  await client.connect(transport(way));
  const seen = { version: client.getNegotiatedProtocolVersion(), server: client.getServerVersion()?.name };
  seen.tools = (await client.listTools()).tools.map(tool => tool.name);

  const progress = [];
  const trace = { name: 'trace-cpu', arguments: { pid: asked.pid, seconds: 1 } };
  const traced = await client.callTool(trace, { onprogress: told => progress.push(told.progress) });
  seen.progress = progress;
  seen.recording = traced.structuredContent?.recording;
  seen.text = traced.content[0].text;

  const stop = new AbortController();
  const long = { name: 'trace-cpu', arguments: { pid: asked.pid, seconds: 40 } };
  seen.cancelled = await client.callTool(long, { signal: stop.signal, onprogress: () => stop.abort('enough') })
    .then(() => 'answered', error => String(error.message ?? error));

  const refused = await client.callTool({ name: 'trace-cpu', arguments: { pid: 999, seconds: 1 } });
  seen.refused = [refused.isError, refused.content[0].text];
  const wrong = await client.callTool({ name: 'trace-cpu', arguments: { pid: 'many' } });
  seen.wrong = [wrong.isError, wrong.content[0].text];

  seen.resources = (await client.listResources()).resources.map(resource => resource.uri);
  const page = await client.readResource({ uri: 'guide://workflow' });
  seen.guide = page.contents[0].text;
  const kept = await client.readResource({ uri: `recording://${seen.recording}` });
  seen.kept = JSON.parse(kept.contents[0].text).recording.id;
  seen.missing = await client.readResource({ uri: 'pattern://no-such' }).then(() => 'read', error => error.code);
  seen.prompts = (await client.listPrompts()).prompts.map(prompt => prompt.name);
  const prompt = await client.getPrompt({ name: 'optimize', arguments: { process: '4242' } });
  seen.prompt = prompt.messages[0].content.text;
  await client.close();
  return seen;
}

const seen = {};
await Promise.all(asked.ways.map(async way => {
  seen[way] = await walk(way).catch(error => ({ failed: `${error.stack ?? error} ${error.cause ?? ''}` }));
}));
process.stdout.write(JSON.stringify(seen));
process.exit(0);
