/** Source that is part of the program, as text. */
declare module "*.c" {
  const text: string;
  export default text;
}
