export const name = "greeter";
