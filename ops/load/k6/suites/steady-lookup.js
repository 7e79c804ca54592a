// Steady mixed reads against a warm cache: an open model, so a slow server cannot slow the offered load down.
import exec from 'k6/execution';
import http from 'k6/http';
import { check } from 'k6';

const pack = JSON.parse(open('../../queries/pinned-v1.json'));
const seed = JSON.parse(open('../../contracts/deterministic-seed-policy.json')).deterministic_seed;
const base = __ENV.LANTERN_BASE_URL || 'http://127.0.0.1:8080';

export const options = {
  scenarios: {
    'steady-lookup': {
      executor: 'constant-arrival-rate',
      rate: 100,
      timeUnit: '1s',
      duration: '20s',
      preAllocatedVUs: 20,
      maxVUs: 40,
    },
  },
  summaryTrendStats: ['avg', 'min', 'med', 'max', 'p(95)', 'p(99)', 'count'],
  thresholds: {
    http_req_duration: ['p(95)<=200', 'p(99)<=400'],
    http_req_failed: ['rate<=0.001'],
    checks: ['rate>=0.999'],
  },
};

// Four lookups for each search; the position in the run picks the query, so every run sends the same sequence.
export default function () {
  const n = seed + exec.scenario.iterationInTest;
  const queries = n % 5 === 4 ? pack.heavy : pack.cheap;
  const path = queries[n % queries.length];
  const answer = http.get(`${base}${path}`, { tags: { name: path.split('?')[0] } });
  check(answer, {
    'status is 200': (r) => r.status === 200,
    'names its dataset': (r) => r.headers['Lantern-Dataset'] === pack.dataset,
  });
}

export function handleSummary(data) {
  return { [__ENV.LANTERN_SUMMARY || 'steady-lookup.summary.json']: `${JSON.stringify(data, null, 2)}\n` };
}
