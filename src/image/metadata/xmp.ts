import { XMLBuilder, XMLParser, XMLValidator } from 'fast-xml-parser';

/** Of elements and attributes that are left out, whatever is within: where it was, other pictures, and its old shape. */
const LEFT_OUT = [
  /gps|latitude|longitude/i,
  /thumbnail|^xmpGImg:|^GImage:|^GDepth:/i,
  // They point to parts of the file that are gone: films, gain maps, further XMP.
  /^GCamera:|^GContainer:|^Container:|^Item:|^hdrgm:|:HasExtendedXMP$/i,
  /:(Orientation|ImageWidth|ImageLength|PixelXDimension|PixelYDimension)$/i,
];

const ATTRIBUTES = ':@';
/** Text and attributes come and go as they stand, entities unread. */
const AS_IT_IS = {
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  cdataPropName: '#cdata',
  processEntities: false,
} as const;

/** One element: its name and its content, and its attributes. */
type Node = Record<string, unknown>;

/** XMP without places, thumbnails and what no longer holds; undefined where it can't be read, and so not cleaned. */
export function cleanXmp(xmp: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(xmp).replace(/\0+$/, '');
    // A document type could define entities, which stand for anything.
    if (text.includes('<!DOCTYPE') || XMLValidator.validate(text) !== true) return undefined;
    const parser = new XMLParser({
      ...AS_IT_IS,
      parseTagValue: false,
      parseAttributeValue: false,
      trimValues: false,
    });
    const cleaned: string = new XMLBuilder(AS_IT_IS).build(cleanAll(parser.parse(text)));
    return XMLValidator.validate(cleaned) === true ? cleaned : undefined;
  } catch {
    return undefined;
  }
}

function cleanAll(nodes: readonly Node[]): Node[] {
  return nodes.filter((node) => !isLeftOut(nameOf(node))).map(clean);
}

function clean(node: Node): Node {
  const cleaned: Node = {};
  for (const [name, content] of Object.entries(node)) {
    if (name === ATTRIBUTES) {
      const kept = Object.entries(content as Node).filter(([attribute]) => !isLeftOut(attribute));
      cleaned[name] = Object.fromEntries(kept);
    } else {
      cleaned[name] = Array.isArray(content) ? cleanAll(content) : content;
    }
  }
  return cleaned;
}

function nameOf(node: Node): string {
  return Object.keys(node).find((name) => name !== ATTRIBUTES) ?? '';
}

function isLeftOut(name: string): boolean {
  // Names of namespaces themselves (xmlns:GCamera) say nothing about the picture.
  return !name.startsWith('xmlns:') && LEFT_OUT.some((pattern) => pattern.test(name));
}
