/** The part of jsroot that is used here; jsroot has no types of its own. Everything read is unknown. */

declare module "jsroot/io" {
  export class FileProxy {
    openFile(): Promise<boolean>;
    getFileName(): string;
    getFileSize(): number;
    readBuffers?(place: readonly number[]): Promise<DataView[]>;
  }
  export class TBuffer {
    constructor(view: DataView, position: number, file: unknown);
    fTagOffset: number;
    remain(): number;
    readFastArray: (n: number, type: number) => unknown;
  }
  export function openFile(proxy: FileProxy): Promise<unknown>;
  export function R__unzip(
    view: DataView,
    size: number,
    quiet: boolean,
    skip: number,
  ): Promise<DataView | null>;
}
