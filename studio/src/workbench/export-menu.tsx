import type { WeightType } from 'nanobard';
import type { ExportFormatName } from 'nanobard/formats';
import { useState } from 'preact/hooks';
import { language } from '../page/address.ts';
import { download } from '../ui/download.ts';
import { ask } from './client.ts';
import type { ModelInfo } from './protocol.ts';
import { words } from './words.ts';

interface Props {
  readonly model: string;
  /** Runs what may fail, and shows why. */
  readonly onFailure: (run: () => Promise<unknown>) => Promise<void>;
}

/** A model as a file, in every form that the library knows for it. */
export function ExportMenu({ model, onFailure }: Props) {
  const say = words[language.value];
  const [formats, setFormats] = useState<ModelInfo['formats']>();
  const [busy, setBusy] = useState(false);
  const open = (): Promise<void> =>
    onFailure(async () => setFormats((await ask('describeModel', [model])).formats));
  const save = async (format: ExportFormatName, dtype: WeightType): Promise<void> => {
    setBusy(true);
    await onFailure(async () => {
      const file = await ask('export', [model, format, dtype]);
      download(file.name, file.bytes);
    });
    setBusy(false);
  };
  if (!formats)
    return (
      <button type="button" aria-expanded="false" onClick={() => void open()}>
        ⤓ {say.download}
      </button>
    );
  return (
    <fieldset class="menu" aria-label={say.download}>
      {Object.entries(formats).map(([format, dtypes]) =>
        dtypes.map((dtype) => (
          <button
            type="button"
            key={`${format} ${dtype}`}
            disabled={busy}
            onClick={() => void save(format as ExportFormatName, dtype)}
          >
            ⤓ {say.formats[format] ?? format} {dtype}
          </button>
        )),
      )}
      <button type="button" class="small" aria-label={say.close} onClick={() => setFormats(undefined)}>
        ×
      </button>
    </fieldset>
  );
}
