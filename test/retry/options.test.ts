import assert from 'node:assert/strict';
import { DEFAULT_SCHEDULE, type RetryConfig, readOptions } from '../../nodes/retry/options';

describe('retry: options', () => {
  it('every field that is absent behaves as its default', () => {
    const { options, problems } = readOptions({});
    assert.deepEqual(problems, []);
    assert.deepEqual(
      { ...options, giveUpOn: [...options.giveUpOn] },
      {
        outcome: 'automatic',
        scope: null,
        strategy: 'exponential',
        baseMs: 1000,
        factor: 2,
        maxMs: 3_600_000,
        jitter: 0.2,
        schedule: [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400],
        attempts: 10,
        maxAge: 0,
        timeout: 30,
        settleMs: 150,
        httpErrors: true,
        giveUpOn: [400, 401, 403, 410, 413, 422],
        throttleMinMs: 60_000,
        concurrency: 16,
        laneBy: '',
        drainRate: 0,
        maxWaiting: 100_000,
        deadLetterMax: 10_000,
        deadLetterMaxAge: 2_592_000,
        breaker: false,
        breakerThreshold: 0.7,
        breakerMinimum: 10,
        breakerWindow: 300,
        breakerOpen: 30,
        commands: false,
      },
    );
  });

  it('the editor stores text', () => {
    const { options, problems } = readOptions({
      attempts: '3',
      jitter: '0',
      timeout: ' 2.5 ',
      giveUpOn: '',
      scope: [],
      breaker: 'true',
      laneBy: 'msg.event.device',
      schedule: '',
      maxMs: '',
      maxWaiting: '  ',
    });
    assert.deepEqual(problems, []);
    assert.deepEqual(
      [
        options.attempts,
        options.jitter,
        options.timeout,
        options.giveUpOn.size,
        options.scope,
        options.breaker,
        options.laneBy,
        options.maxMs,
        options.maxWaiting,
      ],
      [3, 0, 2.5, 0, null, true, 'event.device', 3_600_000, 100_000],
    );
    assert.equal(options.schedule.join(', '), DEFAULT_SCHEDULE);
  });

  for (const [config, message] of [
    [{ attempts: 'abc' }, 'attempts must be a whole number of attempts, 1 or more, but is "abc"'],
    [{ attempts: 0 }, 'attempts must be a whole number of attempts, 1 or more, but is 0'],
    [{ attempts: 2.5 }, 'attempts must be a whole number of attempts, 1 or more, but is 2.5'],
    [{ baseMs: -1 }, 'baseMs must be a number of milliseconds, 0 or more, but is -1'],
    [{ factor: 0.5 }, 'factor must be a number, 1 or more, but is 0.5'],
    [{ jitter: 2 }, 'jitter must be a number from 0 to 1, but is 2'],
    [{ strategy: 'linear' }, 'strategy must be one of exponential, fixed, schedule, but is "linear"'],
    [{ outcome: 'guess' }, 'outcome must be one of automatic, wired, but is "guess"'],
    [{ schedule: '5, soon' }, 'schedule must be seconds separated by commas, such as 5, 60, 600, but is "5, soon"'],
    [
      { giveUpOn: '400,teapot' },
      'giveUpOn must be HTTP statuses from 100 to 599 separated by commas, such as 400,410, but is "400,teapot"',
    ],
    [{ breakerThreshold: 0 }, 'breakerThreshold must be a number above 0 and at most 1, but is 0'],
    [{ scope: 5 }, 'scope must be null or a list of node ids, but is 5'],
    [{ httpErrors: 'yes' }, 'httpErrors must be true or false, but is "yes"'],
    [{ laneBy: 5 }, 'laneBy must be the name of a message property, such as event.device, but is 5'],
  ] as [RetryConfig, string][]) {
    it(message, () => assert.deepEqual(readOptions(config).problems, [message]));
  }
});
