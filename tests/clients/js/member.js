// What members of the simulator do, over its own routes (docs/simulator.md).
'use strict';

const { required } = require('./connect.js');

const origin = required('DISCORD_API_URL').replace(/\/api\/?$/, '');

async function ask(method, path, body) {
  const response = await fetch(origin + path, {
    method,
    headers: { 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${answer.error}`);
  return answer;
}

/** Somebody does something; what they see. */
const act = (member, verb, more = {}) => ask('POST', '/sim/act', { member, verb, ...more });

/** A command, and the answer that its user sees. */
async function uses(member, command, options = {}) {
  return (await act(member, 'uses', { command, options })).answer;
}

module.exports = { ask, act, uses };
