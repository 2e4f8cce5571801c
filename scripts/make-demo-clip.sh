#!/usr/bin/env bash
# Makes assets/demo.flv, the clip that `sluice demo` loops. Needs ffmpeg and Debian's fonts-dejavu-core.
#
# It loops without a seam: 24 s are exactly 720 frames of video (12 closed GOPs of 2 s, no B-frames) and exactly
# 1125 frames of AAC at 48 kHz (at 44.1 kHz no whole number of seconds is), so the spacing is even across the cut.
# The audio is the middle one of three encoded rounds: its first frame overlaps with its last, as decoding needs.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=24
fps=30
rate=48000
audio_frames=$((seconds * rate / 1024))

fonts=/usr/share/fonts/truetype/dejavu
sans="$fonts/DejaVuSans-Bold.ttf"
mono="$fonts/DejaVuSansMono-Bold.ttf"
plain="$fonts/DejaVuSans.ttf"

out=assets/demo.flv
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

background=0x0d1218
accent=0x35c2b3
muted=0x7d8b99

# A ring whose bright head goes round once a second: any stutter shows. Its alpha is the distance behind the head.
ring_size=280
head="mod(atan2(X-W/2,H/2-Y)/(2*PI)+1-mod(T,1)+1,1)"
in_ring="clip(11.5-abs(hypot(X-W/2,Y-H/2)-118),0,1)"
ring="color=c=$accent:s=${ring_size}x${ring_size}:r=$fps:d=$seconds,format=rgba,geq=r='r(X,Y)':g='g(X,Y)':b='b(X,Y)':a='$in_ring*(38+217*pow($head,3))'"

# Ticks under the timecode: one a second, the past ones lit. The bar on the bottom edge crosses in 4 s.
ticks=""
for ((i = 0; i < seconds; i++)); do
  x=$((466 + i * 29))
  ticks+="drawbox=x=$x:y=452:w=21:h=8:c=0x25303b:t=fill,"
  ticks+="drawbox=x=$x:y=452:w=21:h=8:c=$accent:t=fill:enable='gte(t,$i)',"
done

graph="
color=c=$background:s=1280x720:r=$fps:d=$seconds,
drawgrid=w=80:h=80:x=0:y=0:t=1:c=0x151c24,
drawbox=x=0:y=0:w=1280:h=6:c=$accent:t=fill,
drawtext=fontfile=$sans:text='SLUICE':fontsize=64:fontcolor=white:x=80:y=72,
drawtext=fontfile=$plain:text='live video, a fraction of a second later':fontsize=26:fontcolor=$muted:x=84:y=152,
drawtext=fontfile=$plain:text='demo stream':fontsize=26:fontcolor=$muted:x=1196-tw:y=92,
drawtext=fontfile=$mono:timecode='00\:00\:00\:00':rate=$fps:fontsize=106:fontcolor=white:x=460:y=318,
${ticks}
drawtext=fontfile=$plain:text='1280 x 720   30 fps   H.264 + AAC   loops every $seconds s':fontsize=24:fontcolor=$muted:x=466:y=490,
drawbox=x=1172:y=146:w=24:h=24:c=0x25303b:t=fill,
drawbox=x=1172:y=146:w=24:h=24:c=0xffb454:t=fill:enable='lt(mod(t,1),0.1)',
drawtext=fontfile=$plain:text='tick':fontsize=26:fontcolor=$muted:x=1156-tw:y=146,
drawbox=x=0:y=640:w=1280:h=80:c=0x111820:t=fill
[base];
$ring[ring];
color=c=white:s=8x80:r=$fps:d=$seconds[bar];
color=c=$accent:s=40x40:r=$fps:d=$seconds,format=rgba,geq=r='r(X,Y)':g='g(X,Y)':b='b(X,Y)':a='255*clip(20-hypot(X-W/2+0.5,Y-H/2+0.5),0,1)'[ball];
[base][ring]overlay=x=100:y=250[a];
[a][bar]overlay=x='mod(t*320,1280)':y=640:eval=frame[b];
[b][ball]overlay=x='620+600*sin(2*PI*t/3)':y=660:eval=frame,
scale=out_color_matrix=bt709:out_range=tv,format=yuv420p[v]
"

ffmpeg -v error -y -filter_complex "$graph" -map '[v]' -frames:v $((seconds * fps)) \
  -c:v libx264 -preset veryslow -tune animation -crf 21 -profile:v high -level 3.1 -bf 0 \
  -g $((2 * fps)) -keyint_min $((2 * fps)) -sc_threshold 0 -x264-params open-gop=0:stitchable=1 \
  -colorspace bt709 -color_primaries bt709 -color_trc bt709 -color_range tv \
  -flags +bitexact -fflags +bitexact -threads 1 -f mp4 "$work/video.mp4"

# A soft chord, and a tick each second that is higher at the loop's start. All frequencies are whole numbers of
# hertz, so each round begins in phase.
tick="exp(-22*mod(t,1))*sin(2*PI*t*if(lt(mod(t,$seconds),1),1320,880))"
left="0.030*sin(2*PI*220*t)+0.022*sin(2*PI*330*t)+0.20*$tick"
right="0.030*sin(2*PI*220*t)+0.022*sin(2*PI*277*t)+0.20*$tick"
ffmpeg -v error -y -f lavfi -i "aevalsrc=exprs='$left|$right':s=$rate:d=$((3 * seconds))" \
  -c:a aac -b:a 64k -flags +bitexact -f adts "$work/rounds.aac"

# The encoder puts one frame of silence in front (priming): the second round begins with frame audio_frames + 1.
# Half a frame earlier is a safe cut.
start=$(awk -v n="$audio_frames" -v r="$rate" 'BEGIN { printf "%.6f", (n + 0.5) * 1024 / r }')
ffmpeg -v error -y -i "$work/rounds.aac" -ss "$start" -c copy -frames:a "$audio_frames" -f adts "$work/audio.aac"

ffmpeg -v error -y -i "$work/video.mp4" -i "$work/audio.aac" -map 0:v -map 1:a -c copy \
  -flags +bitexact -fflags +bitexact -flvflags no_duration_filesize -f flv "$out"
ls -l "$out"
