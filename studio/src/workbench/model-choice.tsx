import { useRef } from 'preact/hooks';
import { language } from '../page/address.ts';
import { ask } from './client.ts';
import { words } from './words.ts';
import { chosenModel, models, openedModels } from './write/state.ts';

interface Props {
  readonly value: string | undefined;
  readonly onChange: (model: string) => void;
  readonly onFailure: (run: () => Promise<unknown>) => Promise<void>;
}

/** Which model, of the runs here or from a file that is chosen or dropped. */
export function ModelChoice({ value, onChange, onFailure }: Props) {
  const say = words[language.value];
  const chooser = useRef<HTMLInputElement>(null);
  const open = (files: Iterable<File>): Promise<void> =>
    onFailure(async () => {
      const all = [...files];
      const name = all.find(({ name }) => /\.(safetensors|gguf)$/.test(name))?.name ?? all[0]?.name ?? '';
      const info = await ask('openModel', [name, all]);
      openedModels.value = [info, ...openedModels.value];
      chosenModel.value ??= info.id;
      onChange(info.id);
    });
  return (
    // biome-ignore lint/a11y: files are dropped here, or chosen by the button
    <div
      class="tools plain drop"
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        void open(event.dataTransfer?.files ?? []);
      }}
    >
      {models.value.length > 0 && (
        <label class="line">
          <span>{say.model}</span>
          <select value={value} onChange={({ currentTarget }) => onChange(currentTarget.value)}>
            {models.value.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </select>
        </label>
      )}
      <button type="button" onClick={() => chooser.current?.click()}>
        {say.openModel}
      </button>
      <input
        ref={chooser}
        type="file"
        class="hidden"
        multiple
        tabIndex={-1}
        aria-label={say.openModel}
        accept=".safetensors,.json,.gguf"
        onChange={({ currentTarget }) => {
          const files = [...(currentTarget.files ?? [])];
          currentTarget.value = '';
          void open(files);
        }}
      />
    </div>
  );
}
