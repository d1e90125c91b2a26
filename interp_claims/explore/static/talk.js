// Asking the server.

/** What the server said about a request that it refused. */
export class Refused extends Error {}

async function checked(response) {
  if (response.ok) return response;
  const answer = await response.json().catch(() => null);
  throw new Refused(answer?.error?.message ?? `the server answered with status ${response.status}; look at its terminal`);
}

function lost(error) {
  if (error.name === "AbortError") throw error;
  throw new Refused("The server does not answer: is interp-claims explore still running? Start it again and reload.");
}

function send(path, body, signal) {
  const headers = { "Content-Type": "application/json" };
  return fetch(path, { method: "POST", headers, body: JSON.stringify(body), signal }).catch(lost);
}

export const post = async (path, body) => (await checked(await send(path, body))).json();

/** Each JSON line of a streamed answer, as it comes. */
export async function* stream(path, body, signal) {
  const reader = (await checked(await send(path, body, signal))).body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read().catch(lost);
    rest += value ?? "";
    const lines = rest.split("\n");
    rest = lines.pop();
    for (const line of lines) yield JSON.parse(line);
    if (done) return;
  }
}
