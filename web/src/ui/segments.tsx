/** A few choices of which one holds. */
import "./button.css";

type Choice<V extends string> = { value: V; label: string };

export function Segments<V extends string>({ label, choices, value, onChange }: { label: string; choices: Choice<V>[]; value: V; onChange: (value: V) => void }) {
  return (
    <div className="segments" role="group" aria-label={label}>
      {choices.map((choice) => (
        <button key={choice.value} type="button" aria-pressed={choice.value === value} onClick={() => { onChange(choice.value); }}>
          {choice.label}
        </button>
      ))}
    </div>
  );
}
