import { leftToDo } from "./left-to-do.ts";

console.log(leftToDo(process.env));
