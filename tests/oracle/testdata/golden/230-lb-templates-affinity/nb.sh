F="other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true"
chassis() { ovn-sbctl chassis-add $1 geneve $2 -- set Chassis $1 $F -- --id=@c get Chassis $1 -- create Chassis_Private name=$1 chassis=@c >/dev/null; }
chassis hv1 192.168.0.1
ovn-nbctl ls-add sw0; ovn-nbctl ls-add sw1; ovn-nbctl lsp-add sw0 p0 -- lsp-set-addresses p0 "0a:00:00:00:00:01 10.0.0.1"
ovn-nbctl lr-add r0; ovn-nbctl lrp-add r0 rp0 0a:00:00:00:01:01 10.0.0.254/24 fd00::1/64; ovn-nbctl lsp-add sw0 sp0 -- lsp-set-type sp0 router -- lsp-set-options sp0 router-port=rp0 -- lsp-set-addresses sp0 router
ovn-nbctl lr-add r1 -- set Logical_Router r1 options:chassis=hv1 ; ovn-nbctl lrp-add r1 rp1 0a:00:00:00:01:02 10.0.0.253/24; ovn-nbctl lsp-add sw0 sp1 -- lsp-set-type sp1 router -- lsp-set-options sp1 router-port=rp1 -- lsp-set-addresses sp1 router
ovn-nbctl lr-add r2; ovn-nbctl lrp-add r2 rp2 0a:00:00:00:01:03 10.0.0.252/24; ovn-nbctl lsp-add sw0 sp2 -- lsp-set-type sp2 router -- lsp-set-options sp2 router-port=rp2 -- lsp-set-addresses sp2 router; ovn-nbctl lrp-set-gateway-chassis rp2 hv1
i=0
for opt in "options:affinity_timeout=60 options:skip_snat=true" "options:affinity_timeout=70 options:address-family=ipv6 protocol=udp"; do
 for v in '"^vip:80"="^be"' '"^vip:^port"="^be:8080,^be2"' '"^vip"="^be"' '"^vip"="^be:^bp,1.2.3.4"' '"10.9.9.9:80"="^be"' '"10.9.9.8:80"="10.1.1.1:80,10.1.1.2:^p"' '"[fd00::9]:80"="^be"' '"^vip:81"="[fd00::1]:80,^x"' '"^vip:82"=""' '"^vip:83"="^a:1:2"' '"fd00::9"="^be"' '"1.2.3.4"="1.2.3.5"' '"1.2.3.9:8"="[fd00::1]:8,[fd00::2]:9"' '"1.2.3.10"="fd00::1"' '"^vv"="fd00::1,fd00::5"' '"1.2.3.4:8"="1.2.3.5:9"' '"[fd01::9]:80"="[fd02::1]:99"' ; do i=$((i+1))
 ovn-nbctl --id=@l create Load_Balancer name=l$i options:template=true $opt vips="$v" -- add Logical_Switch sw0 load_balancer @l -- add Logical_Router r0 load_balancer @l -- add Logical_Router r2 load_balancer @l -- add Logical_Router r1 load_balancer @l >/dev/null
done; done
# Only the text of a template can be judged.
for opt in "" options:address-family=ipv6 options:address-family=x; do
 for v in '"^vip"="^be"' '"x^vip:80"="^be"' '"vip:81"="^be"' '"vip"="^be"' '"[^vip]:82"="^be"' '"[^vip]"="^be"' '"fe80:80"="^be"' '"fd00::1"="^be"' '"fd00::2"="fd00::3"' '":80"="^be"' '"^vip:"="^be"' '":^vip:"="^be"' '" ^vip2:7"=" ^be : 8 , ^c"' '"^vip3:8"=",,"' '"^vip3:9"="^a:b:c,^d"' '"^vip3:10"=":^a:"' '"1.2.3.4:8"="[fd00::1]:8"' '"[1.2.3.4]:8"="^a"' '"fe80::1"="^a"' '"[fe80::1]"="^a"' '"^v^w:80"="1.1.1.1"' '"10.0.0.300:80"="^a"' '"^b[x]:80"="^a"' '"[^b"="^a"' '"fd00:0:0:0:0:0:0:1"="^a"' '"fd00::9:1"="^a"'; do i=$((i+1))
 ovn-nbctl --id=@l create Load_Balancer name=l$i options:template=true $opt vips="$v" -- add Logical_Switch sw1 load_balancer @l >/dev/null
done; done

