import { FailureNote } from '../../ui/failure.tsx';
import { failure, notice } from './state.ts';

/** What came of the last thing that was done with a run. */
export function Told() {
  return (
    <>
      <FailureNote failure={failure.value} />
      {notice.value !== '' && <p role="status">{notice.value}</p>}
    </>
  );
}
