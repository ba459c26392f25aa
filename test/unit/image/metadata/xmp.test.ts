import { expect, test } from 'vitest';
import { cleanXmp } from '../../../../src/image/metadata/xmp.js';

const XMP = `<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:exif="http://ns.adobe.com/exif/1.0/"
    xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:xmpGImg="http://ns.adobe.com/xap/1.0/g/img/" xmlns:d="http://www.dji.com/drone-dji/1.0/"
    xmlns:Loc="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
    exif:GPSLatitude="51,30.0N" d:GpsLongitude="SECRET" tiff:Orientation="6" xmp:Rating="4">
   <dc:creator><rdf:Seq><rdf:li>Some &amp; Body &lt;x&gt;</rdf:li></rdf:Seq></dc:creator>
   <dc:rights><rdf:Alt><rdf:li xml:lang="de">Für <![CDATA[a < b]]></rdf:li></rdf:Alt></dc:rights>
   <exif:GPSLongitude>SECRET</exif:GPSLongitude>
   <xmp:Thumbnails><rdf:Alt><rdf:li><xmpGImg:image>SECRET</xmpGImg:image></rdf:li></rdf:Alt></xmp:Thumbnails>
   <Loc:LocationCreated><rdf:Bag><rdf:li><Loc:City>Ulm</Loc:City><exif:GPSAltitude>SECRET</exif:GPSAltitude></rdf:li></rdf:Bag></Loc:LocationCreated>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>`;

test('places, thumbnails and the orientation go, wherever they are; the rest stays as it stands', () => {
  const cleaned = cleanXmp(Buffer.from(XMP)) ?? '';

  expect(cleaned).not.toMatch(/SECRET|51,30|GPSAltitude|tiff:Orientation/);
  for (const kept of [
    '<rdf:li>Some &amp; Body &lt;x&gt;</rdf:li>',
    '<rdf:li xml:lang="de">Für <![CDATA[a < b]]></rdf:li>',
    'xmp:Rating="4"',
    '<Loc:City>Ulm</Loc:City>',
    'xmlns:exif="http://ns.adobe.com/exif/1.0/"',
    '<?xpacket end="w"?>',
  ]) {
    expect(cleaned).toContain(kept);
  }
});

test('it is cleaned once only, and the zeros behind it go', () => {
  const once = cleanXmp(Buffer.from(XMP));

  expect(cleanXmp(Buffer.from(`${XMP}\0\0\0`))).toBe(once);
  expect(cleanXmp(Buffer.from(once ?? ''))).toBe(once);
});

test.each([
  { what: 'no XML', xmp: Buffer.from('GPSLatitude=51') },
  { what: 'XML that does not end', xmp: Buffer.from(XMP.slice(0, 900)) },
  { what: 'no UTF-8', xmp: Buffer.from([0xff, 0xfe, 0x3c, 0x00]) },
  {
    what: 'XML with entities of its own',
    xmp: Buffer.from(`<!DOCTYPE x [<!ENTITY gps "51">]>${XMP.slice(XMP.indexOf('<x:'))}`),
  },
])('what cannot be read cannot be cleaned, and goes: $what', ({ xmp }) => {
  expect(cleanXmp(xmp)).toBeUndefined();
});
