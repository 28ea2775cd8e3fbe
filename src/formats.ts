// `nanobard/formats`: models for other programs, apart from `nanobard`, so that pages load it only if they export.

export {
  type ExportedFile,
  type ExportFormatName,
  exportFormats,
  exportModel,
} from './language/formats/export.ts';
