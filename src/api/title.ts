/** Titles as ROOT takes them: `title;x axis;y axis`, with `#;` for a semicolon that is meant. */

/** A title with those of the axes. */
export interface Titles {
  title: string;
  xTitle: string;
  yTitle: string;
  zTitle: string;
}

/** Takes a title apart. */
export function splitTitle(text: string): Titles {
  const [title = "", xTitle = "", yTitle = "", zTitle = ""] = text
    .split(/(?<!#);/)
    .map((part) => part.replaceAll("#;", ";"));
  return { title, xTitle, yTitle, zTitle };
}
