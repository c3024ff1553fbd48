#include "media/impl/allowed_formats.h"

extern "C" {
#include <libavutil/avstring.h>
}

#include <cctype>

namespace verbatim::media {
namespace {

constexpr std::string_view kFormats =
    // Films and recordings.
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,flv,live_flv,kux,asf,asf_o,"
    "mpegts,mpeg,mxf,mxg,nut,rm,gxf,wtv,ivr,dv,nsv,nuv,ty,pva,dhav,lxf,"
    "mgsts,ipmovie,moflex,mtv,vivo,vividas,"
    // Sound with a header, and raw streams that frame themselves.
    "wav,w64,aiff,au,caf,flac,ogg,mp3,aac,ac3,eac3,dts,dtshd,ape,wv,tta,"
    "tak,mpc,mpc8,amr,voc,ircam,avr,sox,oma,mlp,truehd,aa,aax,act,aea,"
    "aptx,aptx_hd,bit,codec2,daud,dsf,iff,dss,epaf,g722,g723_1,g729,gsm,hca,"
    "hcom,ilbc,loas,mmf,mca,musx,nistsphere,nsp,paf,pvf,qcp,rso,s337m,sbc,"
    "sds,sdx,shn,sln,spdif,vqf,wsd,wve,xa,xwma,"
    // Films and sound of games and old machines.
    "4xm,adp,ads,adx,afc,aix,alp,apc,apm,argo_asf,argo_brp,argo_cvg,ast,"
    "bethsoftvid,bfi,bfstm,bink,binka,boa,brstm,c93,cdxl,derf,dsicin,dxa,ea,"
    "film_cpk,fsb,fwse,genh,idcin,iss,jv,kvag,lmlm4,mm,msf,mtaf,mv,mvi,pmp,"
    "pp_bnk,psxstr,redspark,rl2,roq,rpl,rsd,sdr2,simbiosis_imx,siff,smk,smush,"
    "sol,svag,svs,thp,tiertexseq,tmv,txd,vag,vmd,vpk,wc3movie,wsaud,wsvqa,"
    "xmv,xvag,yop";

// Endings that name one raw stream each; the demuxers find their own way to the first frame.
constexpr std::string_view kExtensionFormats[][2] = {
    {"mp3", "mp3"}, {"aac", "aac"},   {"ac3", "ac3"},    {"eac3", "eac3"},
    {"dts", "dts"}, {"ts", "mpegts"}, {"mpg", "mpeg"},   {"g722", "g722"},
    {"gsm", "gsm"}, {"g729", "g729"}, {"thd", "truehd"}, {"mlp", "mlp"},
};

std::string ListAudioDecoders() {
  std::string names;
  void* state = nullptr;
  while (const AVCodec* codec = av_codec_iterate(&state)) {
    if (codec->type != AVMEDIA_TYPE_AUDIO || av_codec_is_decoder(codec) == 0) continue;
    if (!names.empty()) names += ',';
    names += codec->name;
  }
  return names;
}

std::string Lowered(std::string_view text) {
  std::string lowered(text);
  for (char& letter : lowered)
    letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  return lowered;
}

}  // namespace

const std::string& AllowedFormats() {
  static const std::string formats(kFormats);
  return formats;
}

bool IsAllowedFormat(const AVInputFormat& format) {
  return av_match_list(format.name, AllowedFormats().c_str(), ',') > 0;
}

const std::string& AllowedCodecs() {
  static const std::string codecs = ListAudioDecoders();
  return codecs;
}

const AVInputFormat* FormatForExtension(std::string_view extension) {
  const std::string wanted = Lowered(extension);
  for (const auto& [ending, name] : kExtensionFormats) {
    if (wanted == ending) return av_find_input_format(std::string(name).c_str());
  }
  return nullptr;
}

}  // namespace verbatim::media
