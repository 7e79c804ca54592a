// Single-key lookups while the candidate is drained and the previous release takes over: no request may be lost.
import exec from 'k6/execution';
import http from 'k6/http';
import { check } from 'k6';

const pack = JSON.parse(open('../../queries/pinned-v1.json'));
const seed = JSON.parse(open('../../contracts/deterministic-seed-policy.json')).deterministic_seed;
const base = __ENV.LANTERN_BASE_URL || 'http://127.0.0.1:8080';

export const options = {
  scenarios: {
    'load-under-rollback': {
      executor: 'constant-arrival-rate',
      rate: 80,
      timeUnit: '1s',
      duration: '20s',
      preAllocatedVUs: 20,
      maxVUs: 40,
    },
  },
  summaryTrendStats: ['avg', 'min', 'med', 'max', 'p(95)', 'p(99)', 'count'],
  thresholds: {
    http_req_duration: ['p(95)<=220', 'p(99)<=450'],
    http_req_failed: ['rate<=0.001'],
    checks: ['rate>=0.999'],
  },
};

export default function () {
  const path = pack.cheap[(seed + exec.scenario.iterationInTest) % pack.cheap.length];
  const answer = http.get(`${base}${path}`, { tags: { name: path.split('?')[0] } });
  check(answer, {
    'status is 200': (r) => r.status === 200,
    'names its dataset': (r) => r.headers['Lantern-Dataset'] === pack.dataset,
  });
}

export function handleSummary(data) {
  return { [__ENV.LANTERN_SUMMARY || 'load-under-rollback.summary.json']: `${JSON.stringify(data, null, 2)}\n` };
}
