# With install_ls_lb_from_router, switches have the load balancers of the routers beside them.
F="other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true"
chassis() { ovn-sbctl chassis-add $1 geneve $2 -- set Chassis $1 $F hostname=host-$1 -- --id=@c get Chassis $1 -- create Chassis_Private name=$1 chassis=@c >/dev/null; }
chassis hv1 192.168.0.1; chassis hv2 192.168.0.2
q() { v=${1//\\/\\\\}; echo "\"${v//\"/\\\"}\""; }
for s in a b c d; do ovn-nbctl ls-add $s; done; for r in r g; do ovn-nbctl lr-add $r; done; ovn-nbctl set Logical_Router g options:chassis=hv1
link() { ovn-nbctl lrp-add $1 $1-$2 0a:00:00:00:ff:$3 10.$3.0.254/24 -- lsp-add $2 $2-$1 -- lsp-set-type $2-$1 router -- lsp-set-addresses $2-$1 router -- lsp-set-options $2-$1 router-port=$1-$2; }
link r a 01; link r b 02; link g b 03; link g c 04
ovn-nbctl lsp-add a p -- lsp-set-addresses p "0a:00:00:00:00:01 10.1.0.1"; ovn-nbctl lsp-add d q -- lsp-set-addresses q "0a:00:00:00:00:02 10.1.0.2"
ovn-nbctl lb-add l1 1.1.1.1:80 10.1.0.1:80 -- lr-lb-add r l1
ovn-nbctl lb-add l2 1.1.1.2:80 10.1.0.1:80 udp -- lr-lb-add g l2 -- ls-lb-add d l2
ovn-nbctl lb-add l3 1.1.1.3 10.1.0.1; ovn-nbctl --id=@g create Load_Balancer_Group name=grp load_balancer=$(ovn-nbctl --bare --columns=_uuid find Load_Balancer name=l3) -- add Logical_Router r load_balancer_group @g >/dev/null
ovn-nbctl set Load_Balancer l1 options:affinity_timeout=60 options:hairpin_snat_ip=9.9.9.9
ovn-nbctl set NB_Global . options:install_ls_lb_from_router=TRUE
ovn-appctl -t $OVN_RUNDIR/northd.ctl inc-engine/recompute # stock is not always exact without
