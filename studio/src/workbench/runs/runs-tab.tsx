export function RunsTab() {
  return <main id="text" />;
}
