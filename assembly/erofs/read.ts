import { STATUS_OK } from "../abi";
export function reset(): void {}
export function beginScan(_flags: u32, _limit: u32, _entries: u32): i32 {
  return STATUS_OK;
}
export function writeScan(_at: usize, _len: u32): i32 {
  return STATUS_OK;
}
export function endScan(): i32 {
  return STATUS_OK;
}
export function isScanned(): bool {
  return false;
}
export function copyScanned(_offset: u32, _len: u32): u32 {
  return 0;
}
