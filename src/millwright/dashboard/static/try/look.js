// A picture with what was looked at over it: dimmed where nothing was, glowing where much was.

const SIZE = 360;

/** map: rows of numbers over the picture; `least` is dark, `most` glows brightest. */
export function drawLook(canvas, src, map, { least, most }) {
  const picture = new Image();
  picture.onload = () => {
    const ratio = window.devicePixelRatio || 1;
    canvas.width = canvas.height = SIZE * ratio;
    const pen = canvas.getContext("2d");
    pen.imageSmoothingEnabled = false;
    pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
    if (!map.length) return;
    pen.imageSmoothingEnabled = true;
    pen.imageSmoothingQuality = "high";
    pen.drawImage(makeGlow(map, least, most), 0, 0, canvas.width, canvas.height);
  };
  picture.src = src;
}

function makeGlow(map, least, most) {
  const rows = map.length, columns = map[0].length;
  const glow = document.createElement("canvas");
  glow.width = columns;
  glow.height = rows;
  const pen = glow.getContext("2d");
  const pixels = pen.createImageData(columns, rows);
  map.flat().forEach((value, index) => {
    const share = (value - least) / (most - least || 1);
    // from a dark veil over red to yellow, ever clearer to tell from the picture
    pixels.data.set([Math.round(255 * Math.min(1, 2.2 * share)), Math.round(220 * Math.max(0, share - 0.35) / 0.65), 20, Math.round(110 + 85 * share)], 4 * index);
  });
  pen.putImageData(pixels, 0, 0);
  return glow;
}
