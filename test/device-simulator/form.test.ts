import { readSettings } from '../../nodes/device-simulator/settings';
import { complaint, editorDefinition } from '../support/editor-definitions';
import { judgesAsADeploy } from '../support/form-rows';

describe('the form of device simulator', () => {
  const definition = editorDefinition('device-simulator');
  const http = { target: 'http', url: '/hooks/devices' };
  const says = (property: string, value: unknown): string | undefined =>
    complaint('device-simulator', definition, property, value, { ...http, [property]: value });
  judgesAsADeploy(
    {
      url: [
        '/',
        '/hooks/devices',
        ' /a ',
        'http://a',
        'HTTPS://a:1/b?c',
        'http://a/b c',
        'http://[::1]/',
        '//a',
        'a',
        '',
        'ftp://a',
        'http://',
        'http://[::1',
        'http://a:99999',
      ],
      devices: ['1', '10', '', '0', '1.5', 'x'],
      intervalMs: ['1000', '', '0', '-1', 'x'],
      jitter: ['0', '1', '', '-0.1', '1.1'],
      count: ['0', '5', '', '-1', '1.5'],
      maxRate: ['1', '1000', '', '0', 'x'],
      batch: ['1', '100', '', '0', '1.5'],
      senderRetries: ['0', '5', '', '-1', '1.5'],
      grace: ['0', '5', '', '-1', 'x'],
      faults: ['', '{}', '{"drop":0.1}', '{"drop":2}', '{"drip":0.1}', '{', '[]'],
    },
    says,
    (fields) => readSettings({ ...http, ...fields }),
    /^([A-Z][A-Za-z ]+: e|E)xpected |^faults(\.\w+)?: /,
  );
});
