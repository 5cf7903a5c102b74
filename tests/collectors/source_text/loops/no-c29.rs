pub struct Image {
    pub w: usize,
    pub h: usize,
    pub px: Vec<u8>,
}

fn median9(img: &Image, x: usize, y: usize) -> u8 {
    let mut win = [0u8; 9];
    let mut n = 0;
    for yy in y - 1..=y + 1 {
        for xx in x - 1..=x + 1 {
            let v = img.px[yy * img.w + xx];
            let mut k = n;
            while k > 0 && win[k - 1] > v { // <- 0
                win[k] = win[k - 1];
                k -= 1;
            }
            win[k] = v;
            n += 1;
        }
    }
    win[4]
}

pub fn denoise(img: &Image) -> Image {
    let mut out = Image { w: img.w, h: img.h, px: img.px.clone() };
    for y in 1..img.h - 1 {
        for x in 1..img.w - 1 {
            out.px[y * img.w + x] = median9(img, x, y); // <- 1
        }
    }
    out
}
