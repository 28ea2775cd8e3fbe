export function LookTab() {
  return <main id="text" />;
}
