import { STATUS_OK } from "../abi";
export function openInfo(): i32 {
  return STATUS_OK;
}
export function readInfo(): u32 {
  return 0;
}
