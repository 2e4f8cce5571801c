import { AvError } from "../error.js";

// The parts of ffprobe's JSON that are read. Everything may be absent.

export interface Probed {
  readonly format: ProbedFormat;
  readonly streams: readonly ProbedStream[];
  readonly packets: readonly ProbedPacket[];
  readonly frames: readonly { readonly side_data_list?: readonly SideData[] }[];
}

export interface ProbedFormat {
  readonly format_name?: string;
  readonly duration?: string;
  readonly start_time?: string;
  readonly size?: string;
  readonly bit_rate?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

export interface ProbedStream {
  readonly index: number;
  readonly codec_type?: string;
  readonly codec_name?: string;
  readonly codec_tag_string?: string;
  readonly extradata_hash?: string;
  readonly time_base?: string;
  readonly has_b_frames?: number;
  readonly profile?: string;
  readonly level?: number;
  readonly width?: number;
  readonly height?: number;
  readonly pix_fmt?: string;
  readonly field_order?: string;
  readonly sample_aspect_ratio?: string;
  readonly avg_frame_rate?: string;
  readonly r_frame_rate?: string;
  readonly bits_per_raw_sample?: string;
  readonly color_primaries?: string;
  readonly color_transfer?: string;
  readonly color_space?: string;
  readonly color_range?: string;
  readonly sample_rate?: string;
  readonly channels?: number;
  readonly channel_layout?: string;
  readonly bits_per_sample?: number;
  readonly bit_rate?: string;
  readonly duration?: string;
  readonly start_time?: string;
  readonly disposition?: Readonly<Record<string, number>>;
  readonly tags?: Readonly<Record<string, string>>;
  readonly side_data_list?: readonly SideData[];
}

export interface ProbedPacket {
  readonly stream_index: number;
  readonly pts_time?: string;
  readonly dts_time?: string;
  readonly duration_time?: string;
  readonly size?: string;
  readonly flags?: string;
}

export interface SideData {
  readonly side_data_type?: string;
  readonly rotation?: number;
  readonly red_x?: string;
  readonly red_y?: string;
  readonly green_x?: string;
  readonly green_y?: string;
  readonly blue_x?: string;
  readonly blue_y?: string;
  readonly white_point_x?: string;
  readonly white_point_y?: string;
  readonly min_luminance?: string;
  readonly max_luminance?: string;
  readonly max_content?: number;
  readonly max_average?: number;
}

/** @throws AvError `failed` where it is no JSON of ffprobe's */
export function parseProbed(json: string): Probed {
  let value: Partial<Probed>;
  try {
    value = JSON.parse(json) as Partial<Probed>;
  } catch (error) {
    throw new AvError("failed", "ffprobe's answer is no JSON", { cause: error });
  }
  return {
    format: value.format ?? {},
    streams: value.streams ?? [],
    packets: value.packets ?? [],
    frames: value.frames ?? [],
  };
}
