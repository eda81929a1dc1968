/** One line of the table that `npm run bench` prints. */
export interface Row {
  scenario: string;
  /** Missing where it could not be measured; then the note says why. */
  value?: number;
  unit: string;
  /** What the value is measured against, e.g. `at least 4`. */
  target?: string | number;
  met?: boolean;
  note?: string;
}
